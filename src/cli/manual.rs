//! Completions for shells, and manual pages, made from the grammar.

use super::CommandLine;
use super::admin::Outcome;
use super::output::print;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use std::fs;
use std::path::PathBuf;

/// The program's name.
const PROGRAM: &str = "handset";

#[derive(Debug, Args)]
pub struct CompletionsCommand {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManCommand {
    /// Write a page for each command into this directory, which is created if it is missing
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn completions(command: &CompletionsCommand) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut CommandLine::command(), PROGRAM, &mut script);
    print(&String::from_utf8(script)?)?;
    Ok(())
}

pub fn man(command: &ManCommand) -> Outcome {
    let grammar = CommandLine::command();
    match &command.dir {
        Some(dir) => {
            fs::create_dir_all(dir)?;
            clap_mangen::generate_to(grammar, dir)?;
        }
        None => {
            let mut page = Vec::new();
            Man::new(grammar).render(&mut page)?;
            print(&String::from_utf8(page)?)?;
        }
    }
    Ok(())
}
