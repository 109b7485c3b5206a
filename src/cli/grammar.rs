//! The grammar of the command line, beyond what is derived: the default command, variables that are empty, and a help that
//! fits a screen.

use super::CommandLine;
use crate::config::Config;
use clap::builder::{Resettable, StyledStr};
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, CommandFactory};
use std::ffi::OsString;
use std::fmt::Write;

/// The command that runs without a name.
const DEFAULT: &str = "serve";

/// The commands whose help describes the options of all commands.
const DESCRIBE_ALL_OPTIONS: [&str; 2] = [DEFAULT, "help"];

/// Parses arguments, beginning with the program's name. Exits with the help or a usage error.
pub fn parse(mut arguments: Vec<OsString>) -> ArgMatches {
    let grammar = grammar();
    let error = match grammar.clone().try_get_matches_from(&arguments) {
        Ok(matches) => return matches,
        Err(error) => error,
    };
    let is_command = |argument: &OsString| grammar.get_subcommands().any(|command| argument == command.get_name());
    // An option of the default command is unknown to the others. A mistyped command is another error: clap suggests the
    // right one.
    let is_of_default = matches!(
        error.kind(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::UnknownArgument
    );
    let is_without_command = is_of_default && !arguments.iter().skip(1).any(is_command);
    if !is_without_command {
        error.exit();
    }
    arguments.insert(1.min(arguments.len()), DEFAULT.into());
    grammar.get_matches_from(arguments)
}

/// The whole grammar, for the parser.
fn grammar() -> Command {
    let mut grammar = without_empty_variables(CommandLine::command());
    // The options of all commands become arguments of each.
    grammar.build();
    grammar.mut_subcommands(with_own_options_first)
}

/// The grammar in which an empty environment variable is an unset one.
fn without_empty_variables(command: Command) -> Command {
    let is_empty = |arg: &Arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        value.is_some_and(|value| value.is_empty())
    };
    command
        .mut_args(|arg| if is_empty(&arg) { arg.env(Resettable::Reset) } else { arg })
        .mut_subcommands(without_empty_variables)
}

/// The command whose help names the options of all commands in one line.
fn with_own_options_first(command: Command) -> Command {
    if DESCRIBE_ALL_OPTIONS.contains(&command.get_name()) {
        return command;
    }
    let is_common = |arg: &Arg| arg.get_help_heading() == Some(Config::HEADING);
    let names: Vec<String> = command
        .get_arguments()
        .filter(|arg| is_common(arg))
        .filter_map(|arg| arg.get_long())
        .map(|name| format!("--{name}"))
        .collect();
    let is_leaf = !command.has_subcommands();
    let mut after = command.get_after_help().cloned().unwrap_or_else(StyledStr::new);
    if is_leaf && !names.is_empty() {
        let _ = write!(after, "\n\nAlso: {}; see handset --help", names.join(", "));
    }
    command
        .mut_args(|arg| if is_common(&arg) { arg.hide(true) } else { arg })
        .after_help(after)
        .mut_subcommands(with_own_options_first)
}
