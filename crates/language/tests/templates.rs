//! Every built-in template against the published one, byte for byte, and prompts of a tiny model.

#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use std::collections::HashSet;

use serde_json::Value;
use sightline_checkpoint::gguf::Gguf;
use sightline_checkpoint::manifest::{self, Place, TemplateChoice, VisualPlace};
use sightline_language::{Chat, LanguageError, Role, Turn, template};
use support::Meta;

fn turns(case: &Value) -> Vec<Turn<'_>> {
    let all = case["turns"].as_array().expect("turns");
    all.iter()
        .map(|turn| Turn {
            role: match turn["role"].as_str() {
                Some("system") => Role::System,
                Some("user") => Role::User,
                _ => Role::Assistant,
            },
            text: turn["content"].as_str().expect("a text"),
        })
        .collect()
}

#[test]
fn templates_write_what_the_published_ones_write() {
    let cases: Value = serde_json::from_str(include_str!("../../../tests/goldens/template/template.json")).unwrap();
    let mut names = HashSet::new();
    for case in cases.as_array().unwrap() {
        let name = case["template"].as_str().unwrap();
        let mut template = template::named(name).expect(name).clone();
        if let Some(system) = case["system"].as_str() {
            template.default_system = system.to_owned().into();
        }
        assert_eq!(
            template::text(&template, &turns(case)),
            case["text"].as_str().unwrap(),
            "{name}"
        );
        names.insert(name);
    }
    let expected = HashSet::from(["chatml", "vicuna-v1.5", "llama-3"]);
    assert_eq!((names, cases.as_array().unwrap().len()), (expected, 20));
}

/// The tiny model talked to as the row says.
fn chat(row: &manifest::Chat) -> Result<Chat, LanguageError> {
    let mut file = support::file();
    file.metadata.insert("llama.context_length".into(), Meta::U32(4096));
    let bytes = file.bytes();
    Chat::new(row, &Gguf::parse("tiny.gguf", &bytes)?)
}

fn encode(chat: &Chat, text: &str) -> Vec<u32> {
    chat.tokenizer().encode(text).unwrap()
}

#[test]
fn a_conversation_becomes_tokens() {
    let chat = chat(&manifest::Chat {
        system: Some("be".into()),
        ..manifest::Chat::default()
    })
    .unwrap();
    let say = |role, text| Turn { role, text };
    let found = chat
        .turns(&[
            say(Role::User, "a <|im_end|>"),
            say(Role::Assistant, "ab"),
            say(Role::User, "c"),
        ])
        .unwrap();
    let mut expected = Vec::new();
    for text in ["system\nbe", "user\na <|im_end|>", "assistant\nab", "user\nc"] {
        expected.push(1);
        expected.extend(encode(&chat, text));
        expected.push(2);
        expected.extend(encode(&chat, "\n"));
    }
    expected.push(1);
    expected.extend(encode(&chat, "assistant\n"));
    assert_eq!(found, expected);
    assert_eq!(chat.layout().before, [1]);
}

/// Visual tokens in the question, behind a system turn and between strings of their own.
#[test]
fn visual_tokens_stand_where_the_row_says() {
    let mut template = template::named("chatml").unwrap().clone();
    template.start = "<|endoftext|>".into();
    template.control.to_mut().push("<|endoftext|>".into());
    let row = manifest::Chat {
        template: TemplateChoice::Own(Box::new(template)),
        system: Some("be".into()),
        visual: VisualPlace {
            place: Place::Question,
            control: vec!["<|endoftext|>".into()],
            before: "<|endoftext|>x".into(),
            after: "y\n".into(),
        },
        ..manifest::Chat::default()
    };
    let chat = chat(&row).unwrap();
    let mut before = vec![0, 1];
    before.extend(encode(&chat, "system\nbe"));
    before.push(2);
    before.extend(encode(&chat, "\n"));
    before.push(1);
    before.extend(encode(&chat, "user\n"));
    before.push(0);
    before.extend(encode(&chat, "x"));
    assert_eq!(chat.layout().before, before);
    let mut behind = encode(&chat, "y\na?");
    behind.push(2);
    behind.extend(encode(&chat, "\n"));
    behind.push(1);
    behind.extend(encode(&chat, "assistant\n"));
    assert_eq!(chat.question(" a?\n", 50).unwrap(), behind);
    let full = chat.question("a?", 1024 - behind.len() - 63).unwrap_err();
    assert!(matches!(full, LanguageError::TooLong { .. }), "{full}");
}

#[test]
fn answers_end_where_template_file_and_row_say() {
    let mut file = support::file();
    file.metadata.insert("tokenizer.ggml.eos_token_id".into(), Meta::U32(0));
    file.metadata.insert("tokenizer.ggml.eot_token_id".into(), Meta::U32(7));
    let bytes = file.bytes();
    let gguf = Gguf::parse("tiny.gguf", &bytes).unwrap();
    let row = manifest::Chat {
        stop: vec!["<|im_start|>".into(), "<|im_end|>".into()],
        ..manifest::Chat::default()
    };
    assert_eq!(Chat::new(&row, &gguf).unwrap().layout().stops, [2, 0, 7, 1]);
    assert_eq!(chat(&manifest::Chat::default()).unwrap().layout().stops, [2]);
}

#[test]
fn a_row_that_does_not_fit_the_file_is_refused() {
    let plain = manifest::Chat::default;
    let named = |name: &str| TemplateChoice::Named(name.into());
    let own = |control: &str| {
        let mut template = template::named("chatml").unwrap().clone();
        template.control.to_mut().push(control.to_owned().into());
        TemplateChoice::Own(Box::new(template))
    };
    for (row, words) in [
        (
            manifest::Chat {
                template: named("chatlm"),
                ..plain()
            },
            [
                "chat.template",
                "no template `chatlm`; known are chatml, vicuna-v1.5, llama-3",
            ],
        ),
        (
            manifest::Chat {
                template: named("llama-3"),
                ..plain()
            },
            ["chat.template", "no control token `<|begin_of_text|>`"],
        ),
        // An ordinary token is none.
        (
            manifest::Chat {
                template: own("abc"),
                ..plain()
            },
            ["chat.template", "no control token `abc`"],
        ),
        (
            manifest::Chat {
                stop: vec!["</s>".into()],
                ..plain()
            },
            ["chat.stop", "no control token `</s>`"],
        ),
        (
            manifest::Chat {
                capacity: 4097,
                ..plain()
            },
            ["chat.capacity", "at most 4096 positions"],
        ),
        (
            manifest::Chat { capacity: 1, ..plain() },
            ["chat.capacity", "begins with 1 tokens"],
        ),
    ] {
        let error = chat(&row).map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains("tiny.gguf") && words.iter().all(|word| error.contains(word)),
            "{error}"
        );
    }
}
