use std::path::Path;

use clap::FromArgMatches;
use sightline_checkpoint::manifest::Manifest;
use sightline_eval::tasks::Task;

use super::*;

/// What stands behind the options in the help of the program and of every command: as it was
/// written, and as it is shown where there is no terminal, at most 100 columns wide.
fn helps() -> Vec<[String; 2]> {
    let mut command = command().term_width(100);
    command.build();
    let subs: Vec<_> = command.get_subcommands().cloned().collect();
    let all = subs.into_iter().chain([command]);
    let texts = |one: clap::Command| {
        let written = one.get_after_help()?.to_string();
        Some([written, one.term_width(100).render_long_help().to_string()])
    };
    all.filter_map(texts).collect()
}

/// Words of a line as a shell takes them, as far as the examples need it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars().chain([' ']) {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (' ', None) if !word.is_empty() => words.push(std::mem::take(&mut word)),
            (' ', None) => {}
            (c, _) => word.push(c),
        }
    }
    assert_eq!(quote, None, "a quote stays open in: {line}");
    words
}

/// Calls of the program in a help text, from its name up to a pipe, a redirection or the next
/// command.
fn calls(help: &str) -> Vec<Vec<String>> {
    let joined = help.replace("\\\n", " ");
    let mut calls = Vec::new();
    for line in joined.lines() {
        let line = line.trim();
        if !["sightline ", "srun "].iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let words = words(line);
        for part in words.split(|word| ["&&", "|", ">"].contains(&word.as_str())) {
            if let Some(at) = part.iter().position(|word| word == "sightline") {
                calls.push(part[at..].to_vec());
            }
        }
    }
    calls
}

#[test]
fn every_example_can_be_typed() {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights");
    let manifest = Manifest::load(&weights).expect("the shipped manifest");
    let mut count = 0;
    let both = |[written, shown]: &[String; 2]| {
        let calls = calls(shown);
        assert_eq!(
            calls,
            self::calls(written),
            "an example is too long for a line:\n{shown}"
        );
        calls
    };
    for call in helps().iter().flat_map(both) {
        let matches = command().try_get_matches_from(&call);
        let matches = matches.unwrap_or_else(|error| panic!("{}: {error}", call.join(" ")));
        let parsed = Cli::from_arg_matches(&matches).expect("what was matched is read");
        let (tasks, models) = match parsed.command {
            Command::Ask(ask) => (Vec::new(), ask.model),
            Command::Eval(eval) => (vec![eval.task], eval.model),
            Command::Tasks(tasks) => (tasks.ids, Vec::new()),
            Command::Probe(probe) => (probe.task.into_iter().collect(), probe.model),
            Command::Doctor(doctor) => {
                let kernels = sightline_kernels::suite::cases();
                let filter = doctor.filter.unwrap_or_default();
                assert!(kernels.iter().any(|case| case.name.contains(&filter)), "{filter}");
                (Vec::new(), Vec::new())
            }
            Command::Man { command: Some(name) } => {
                assert!(command().find_subcommand(&name).is_some(), "{name}");
                (Vec::new(), Vec::new())
            }
            _ => (Vec::new(), Vec::new()),
        };
        for task in &tasks {
            assert!(Task::find(task).is_some(), "no task `{task}`: {}", call.join(" "));
        }
        for model in &models {
            assert!(manifest.model(model).is_ok(), "no model `{model}`: {}", call.join(" "));
        }
        count += 1;
    }
    assert!(count >= 30, "only {count} examples were found");
}

#[test]
fn help_names_every_exit_code() {
    let help = command().render_long_help().to_string();
    for (code, text) in CODES {
        let words = text.split_whitespace().next().unwrap_or_default();
        assert!(
            help.contains(&format!("  {code}  {words}")),
            "{code} is missing:\n{help}"
        );
    }
}

#[test]
fn options_are_shown_where_they_act() {
    let mut command = command();
    command.build();
    for sub in command.get_subcommands_mut() {
        let name = sub.get_name().to_owned();
        let help = sub.render_long_help().to_string();
        for (option, acts) in ACTS {
            let shown = help.contains(&format!("--{option}"));
            assert_eq!(shown, acts.contains(&name.as_str()), "--{option} of {name}:\n{help}");
        }
    }
    // Taken everywhere, before the command and behind it.
    for call in [
        "sightline --device cpu score --run x",
        "sightline score --run x --device cpu",
    ] {
        let matches = super::command().try_get_matches_from(words(call)).expect(call);
        let parsed = Cli::from_arg_matches(&matches).expect(call);
        assert_eq!(parsed.global.device, DeviceKind::Cpu, "{call}");
    }
}
