//! GQA: `answer`; gold is the official questions file, whose further fields give the parts.

use serde_json::Value;

use super::rule::{self, Part, Question, Totals};
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::score::Score;
use crate::scoring::{FORK, Origin, Sample, Scoring, Wanted};
use crate::summary::{Total, Unit};

pub(crate) struct Gqa;

impl Scoring for Gqa {
    type Gold = Question;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::ById]
    }

    fn gold(&self, item: &Fields, source: Origin) -> Result<Option<Question>, InputError> {
        let types = item.maybe_object("types")?;
        let kind = |name: &str| match &types {
            Some(types) => types.text(name).map(str::to_owned),
            None => Ok(String::new()),
        };
        let groups = item.maybe_object("groups")?;
        let group = match &groups {
            Some(groups) => groups.maybe_text("global")?.map(str::to_owned),
            None => None,
        };
        // A line of answers counts; of the official questions only the balanced ones do.
        let balanced = item.maybe_truth("isBalanced")?.unwrap_or(source.file.is_none());
        Ok(Some(Question {
            answer: item.text("answer")?.to_owned(),
            balanced,
            structural: kind("structural")?,
            semantic: kind("semantic")?,
            group,
            words: item.maybe_text("question")?.map_or(0, rule::count_words),
            steps: steps(item)?,
        }))
    }

    fn in_gold_order(&self) -> bool {
        true
    }

    fn score(&self, response: &Response, gold: &Question) -> Score {
        rule::score(response.text(), &gold.answer)
    }

    fn totals(&self, samples: &[Sample<Question>]) -> (Vec<Total>, Vec<String>) {
        let counted = samples.iter().filter(|sample| sample.gold.balanced).count();
        let totals = Totals::of(samples.iter().map(|sample| (sample.gold, sample.response.text())));
        let mut list = vec![Total::percent(FORK, "accuracy", (counted > 0).then_some(totals.accuracy)).of(counted)];
        let mut notes = Vec::new();
        if counted < samples.len() {
            notes.push(format!(
                "{} questions are not balanced and do not count",
                samples.len() - counted
            ));
        }
        if samples.iter().any(|sample| sample.gold.structural.is_empty()) {
            notes.push(
                "parts need the official questions file (--gold): its `types`, `groups` and `semantic`".to_owned(),
            );
            return (list, notes);
        }
        list.push(Total::percent(FORK, "binary", totals.binary));
        list.push(Total::percent(FORK, "open", totals.open));
        list.push(Total {
            unit: Unit::ChiSquare,
            ..Total::percent(FORK, "distribution", totals.distribution)
        });
        let part = |name: String, (value, count): Part| Total::percent(FORK, name, value).of(count);
        let parts = |what: &'static str| move |(kind, found): (String, Part)| part(format!("{what}: {kind}"), found);
        list.extend(totals.structural.into_iter().map(parts("structural type")));
        list.extend(totals.semantic.into_iter().map(parts("semantic type")));
        let numbered =
            |what: &'static str| move |(count, found): (usize, Part)| part(format!("{what}: {count}"), found);
        list.extend(totals.steps.into_iter().map(numbered("steps")));
        list.extend(totals.words.into_iter().map(numbered("words")));
        (list, notes)
    }
}

/// Steps of the `semantic` program, if there is one.
fn steps(item: &Fields) -> Result<usize, InputError> {
    let mut program = Vec::new();
    for step in item.maybe_list("semantic")?.unwrap_or_default() {
        let text = |name: &str| step.get(name).and_then(Value::as_str);
        let (Some(operation), Some(argument)) = (text("operation"), text("argument")) else {
            return Err(item.error("semantic", "a step without the texts `operation` and `argument`"));
        };
        program.push((operation, argument));
    }
    Ok(rule::count_steps(program))
}
