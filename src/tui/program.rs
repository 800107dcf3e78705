//! Programs of the operator's system: found before they are started, started without a shell.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::app::log::Program;

/// Where a program is: as `execvp` would find it.
pub(super) fn find(name: &str, path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let is_program =
        |path: &Path| path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| is_program(path));
    }
    let directories = std::env::split_paths(path?).collect::<Vec<_>>();
    directories.into_iter().map(|directory| directory.join(name)).find(|path| is_program(path))
}

/// Where in a log a program is to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) offset: u64,
    /// From 1, when it is known.
    pub(super) line: Option<u64>,
}

/// The program and its arguments for a log at a place, from the operator's environment; or why not.
pub(super) fn command(
    with: Program,
    log: &Path,
    place: Place,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<OsString>, String> {
    let (name, value) = wanted(with, variable);
    let words = shlex::split(&value).ok_or_else(|| format!("{name} has quotes that do not end: {value}"))?;
    let Some((program, rest)) = words.split_first() else { return Err(format!("{name} names no program")) };
    let found = find(program, variable("PATH").map(OsString::from).as_deref());
    let Some(found) = found else {
        let hint = match with {
            Program::Pager => "; set PAGER to another one",
            Program::Editor => "; set VISUAL or EDITOR to another one",
            Program::Lnav => "",
        };
        return Err(format!("{program} is not installed{hint}"));
    };
    let base = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut argv = vec![found.into_os_string()];
    argv.extend(rest.iter().map(OsString::from));
    argv.extend(arguments(base, log, place));
    Ok(argv)
}

/// Which variable it comes from, and what it says.
fn wanted(with: Program, variable: &dyn Fn(&str) -> Option<String>) -> (&'static str, String) {
    let set = |name: &'static str| variable(name).filter(|value| !value.trim().is_empty()).map(|value| (name, value));
    match with {
        Program::Pager => set("PAGER").unwrap_or(("PAGER", "less".into())),
        Program::Editor => set("VISUAL").or_else(|| set("EDITOR")).unwrap_or(("EDITOR", "vi".into())),
        Program::Lnav => ("lnav", "lnav".into()),
    }
}

/// How a program is told to begin there, and not to write, where we know how.
fn arguments(base: &str, log: &Path, place: Place) -> Vec<OsString> {
    let line = place.line.map(|line| format!("+{line}"));
    let (before, at): (&[&str], Option<String>) = match base {
        // By byte: it need not count lines. Colours pass, nothing else does.
        "less" => (&["-R"], Some(format!("+{}P", place.offset))),
        "more" | "most" => (&[], line),
        "vi" | "vim" | "nvim" | "view" | "nvi" => (&["-R"], line),
        "nano" => (&["-v"], line),
        "micro" => (&["-readonly", "true"], line),
        "kak" => (&["-ro"], line),
        "emacs" | "emacsclient" | "mg" | "joe" => (&[], line),
        "lnav" => match place.line {
            Some(line) => (&["-c"], Some(format!(":goto {}", line - 1))),
            None => (&[], None),
        },
        "hx" | "helix" => {
            let mut name = log.as_os_str().to_owned();
            name.push(place.line.map(|line| format!(":{line}")).unwrap_or_default());
            return vec![name];
        }
        _ => (&[], None),
    };
    let words = before.iter().map(OsString::from).chain(at.map(OsString::from));
    words.chain([log.as_os_str().to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(with: Program, variables: &[(&str, &str)], place: Place) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["less", "vi", "my pager", "lnav", "hx"] {
            let path = dir.path().join(name);
            std::fs::write(&path, "").expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("executable");
        }
        std::fs::write(dir.path().join("notes"), "").expect("written");
        let path = dir.path().display().to_string();
        let variable = |name: &str| match name {
            "PATH" => Some(path.clone()),
            name => variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()),
        };
        let argv = command(with, Path::new("/log; rm -rf x"), place, &variable)?;
        let word = |word: OsString| word.to_string_lossy().replace(&format!("{path}/"), "");
        Ok(argv.into_iter().map(word).collect())
    }

    const PLACE: Place = Place { offset: 4711, line: Some(12) };

    #[test]
    fn the_log_is_one_argument_and_no_shell_sees_it() {
        let less = words(Program::Pager, &[], PLACE).expect("found");
        assert_eq!(less, ["less", "-R", "+4711P", "/log; rm -rf x"]);
        let own = words(Program::Pager, &[("PAGER", "'my pager' -S \"$(reboot)\" ; x")], PLACE).expect("found");
        assert_eq!(own, ["my pager", "-S", "$(reboot)", ";", "x", "/log; rm -rf x"]);
        let vi = words(Program::Editor, &[("EDITOR", " "), ("VISUAL", "")], PLACE).expect("found");
        assert_eq!(vi, ["vi", "-R", "+12", "/log; rm -rf x"]);
        let place = Place { offset: 0, line: None };
        assert_eq!(words(Program::Lnav, &[], place).expect("found"), ["lnav", "/log; rm -rf x"]);
        assert_eq!(words(Program::Lnav, &[], PLACE).expect("found"), ["lnav", "-c", ":goto 11", "/log; rm -rf x"]);
        assert_eq!(words(Program::Editor, &[("EDITOR", "hx")], PLACE).expect("found"), ["hx", "/log; rm -rf x:12"]);
    }

    #[test]
    fn a_program_that_is_missing_or_none_is_told() {
        let why = |value: &str| words(Program::Pager, &[("PAGER", value)], PLACE).expect_err(value);
        assert_eq!(why("most -s"), "most is not installed; set PAGER to another one");
        assert_eq!(why("notes"), "notes is not installed; set PAGER to another one", "no program");
        assert_eq!(why("less 'x"), "PAGER has quotes that do not end: less 'x");
        assert_eq!(why("''"), " is not installed; set PAGER to another one");
    }
}
