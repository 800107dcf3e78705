//! Why a host could not be resolved; the texts fit "failed to …".

use std::io;
use std::path::PathBuf;

use crate::domain::id::InvalidId;

#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error("find the home directory: HOME is not set")]
    NoHome,
    #[error("find the local user's name: neither the password file nor USER names it")]
    NoUser,
    #[error("read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("use {}: it must belong to you or root, and nobody else may write to it", path.display())]
    Permissions { path: PathBuf },
    #[error("read {}: larger than {limit} bytes", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("understand {}, line {line}: {text:?}: {problem}", path.display())]
    Line { path: PathBuf, line: usize, text: String, problem: Problem },
    #[error("resolve {host}: its jump hosts go round in a circle: {}", through.join(" -> "))]
    JumpLoop { host: String, through: Vec<String> },
    #[error("resolve {host}: more than {limit} jump hosts")]
    TooManyJumps { host: String, limit: usize },
    #[error("resolve {host}: {text:?} is no jump host: write [user@]host[:port]")]
    Jump { host: String, text: String },
    #[error("resolve {host}")]
    JumpName {
        host: String,
        #[source]
        source: InvalidId,
    },
    #[error("resolve {host}: {keyword} {text:?}: {problem}")]
    Value { host: String, keyword: &'static str, text: String, problem: Problem },
}

/// What is wrong with a line or a value, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("a value is missing")]
    NoArgument,
    #[error("the quote is not closed")]
    OpenQuote,
    #[error("there is more on the line than {0} takes")]
    TooMuch(String),
    #[error("\"none\" stands alone")]
    NoneWithOthers,
    #[error("a port is a number from 1 to 65535")]
    NoPort,
    #[error("a time is a number of seconds, or like 1h30m, or \"none\"")]
    NoTime,
    #[error("a number from 0 to 2147483647 is wanted")]
    NoCount,
    #[error("allowed are {}", .0.join(", "))]
    NoneOf(&'static [&'static str]),
    #[error("a jump host is [user@]host[:port], several are separated by commas")]
    NoJump,
    #[error("a criterion of Match is missing or has no value; allowed are {}", .0.join(", "))]
    NoCriterion(&'static [&'static str]),
    #[error("\"all\" stands alone or after \"final\" or \"canonical\"")]
    AllWithOthers,
    #[error("files are included more than {0} deep")]
    TooDeep(usize),
    #[error("~ has no meaning in a system-wide file")]
    TildeInSystemFile,
    #[error("more than {0} of them")]
    TooMany(usize),
    #[error("%{0} is no token of this keyword; allowed are {1}")]
    NoToken(String, &'static str),
    #[error("the environment variable {0} is not set")]
    NoVariable(String),
    #[error("a ${{ is not closed")]
    OpenVariable,
    #[error("there is no user {0}")]
    NoSuchUser(String),
}
