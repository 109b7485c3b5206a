//! The grammar of the command line, beyond what is derived: the default command, variables that are empty, and a help that
//! fits a screen.

use super::CommandLine;
use crate::config::Config;
use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory};
use std::ffi::OsString;
use std::fmt::Write;

/// The command that runs without a name.
const DEFAULT: &str = "serve";

/// The commands whose help describes the options of all commands.
const DESCRIBE_ALL_OPTIONS: [&str; 2] = [DEFAULT, "help"];

/// The arguments that the short help of the default command has.
const IN_SUMMARY: [&str; 6] = ["listen", "tls_cert", "tls_key", "database_url", "data_dir", "help"];

/// The last line of a command's help.
const COMMON_OPTIONS: &str = "Also --data-dir, --json and other options of all commands: see handset --help";

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
    grammar
        .mut_args(|arg| if is_common(&arg) { arg.hide_short_help(true) } else { arg })
        .mut_subcommand(DEFAULT, summarized)
        .mut_subcommands(with_own_options_first)
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

/// The default command, whose `-h` has the settings of a first start; `--help` has all.
fn summarized(command: Command) -> Command {
    command.mut_args(|arg| {
        let is_in_summary = IN_SUMMARY.contains(&arg.get_id().as_str());
        arg.hide_short_help(!is_in_summary)
    })
}

/// The command whose help names the options of all commands in one line.
fn with_own_options_first(command: Command) -> Command {
    if DESCRIBE_ALL_OPTIONS.contains(&command.get_name()) {
        return command;
    }
    let has_more = command.get_after_long_help().is_some()
        || command.get_arguments().any(|arg| arg.get_id() != "help" && !is_common(arg) && has_long_help(arg));
    let command = command.mut_args(|arg| if is_common(&arg) { arg.hide(true) } else { arg });
    if command.has_subcommands() {
        return command.mut_subcommands(with_own_options_first);
    }
    let [short, long] = [command.get_after_help(), command.get_after_long_help()].map(|after| {
        let mut after = after.cloned().unwrap_or_default();
        let _ = write!(after, "\n\n{COMMON_OPTIONS}");
        after
    });
    match has_more {
        true if command.get_after_long_help().is_some() => command.after_help(short).after_long_help(long),
        true => command.after_help(short),
        // The long form has nothing to add but lines.
        false => command.after_help(short).mut_arg("help", |help| help.action(ArgAction::HelpShort).help("Print help")),
    }
}

/// Whether it is an option of all commands.
fn is_common(arg: &Arg) -> bool {
    arg.get_help_heading() == Some(Config::HEADING)
}

/// Whether the long form of a help says more of this argument.
fn has_long_help(arg: &Arg) -> bool {
    arg.get_long_help().is_some() || arg.get_possible_values().iter().any(|value| value.get_help().is_some())
}
