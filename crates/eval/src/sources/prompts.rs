//! The user's turn of every benchmark, as the paper's evaluation code has it (raykuo18/vlm-evaluation at c65254b, MIT, `models/prismatic.py`,
//! retyped). There a newline stands in front of each, which the prompt builder strips.

/// Behind questions that want a short answer.
const SHORT: &str = "Answer the question using a single word or phrase.";

/// VQAv2, GQA, POPE, TextVQA.
pub fn short(question: &str) -> String {
    format!("{question}\n{SHORT}")
}

/// VizWiz.
pub fn short_or_unanswerable(question: &str) -> String {
    format!("{question}\nWhen the provided information is insufficient, respond with 'Unanswerable'.\n{SHORT}")
}

/// VSR, and NLVR after it.
pub fn true_or_false(statement: &str) -> String {
    format!(
        "Based on the image, is this statement \"True\" or \"False\"? {statement}\nRespond with \"True\" or \"False\" directly."
    )
}

/// TallyQA: a question and its choices, a letter each.
pub fn choose<T: AsRef<str>>(question: &str, choices: &[T]) -> String {
    let mut prompt = question.to_owned();
    for (letter, choice) in ('A'..='Z').zip(choices) {
        prompt.push_str(&format!("\n{letter}. {}", choice.as_ref()));
    }
    prompt + "\nAnswer with the option's letter from the given choices directly."
}

/// RefCOCO, RefCOCO+, RefCOCOg and OCID-Ref.
pub fn locate(expression: &str) -> String {
    format!("Please provide the bounding box coordinate of the region this sentence describes: \"{expression}\"")
}
