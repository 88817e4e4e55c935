//! The user's own package index: which one pip is set to use, and where a file lies on it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::download::{Source, page};

/// Asks pip itself, so that its configuration files, its environment variables and its default all count; the
/// long way round is for a pip that has rearranged its inner parts, and for a Python without pip.
const ASK_PIP: &str = r#"
import os, subprocess, sys
url = cert = proxy = None
try:
    from pip._internal.commands import create_command
    values = create_command("download").parser.get_default_values()
    url, cert, proxy = values.index_url, values.cert, values.proxy
except Exception:
    def setting(name):
        value = os.environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            return value
        pip = [sys.executable, "-m", "pip", "config", "get", "global." + name]
        return subprocess.run(pip, capture_output=True, text=True).stdout.strip()
    url, cert, proxy = setting("index-url"), setting("cert"), setting("proxy")
    if not url:
        try:
            from pip._internal.models.index import PyPI
            url = PyPI.simple_url
        except Exception:
            pass
print(url or "")
print(cert or "")
print(proxy or "")
"#;

/// The page of one project, in the JSON form where the index has it and in the HTML form where not.
const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// The package index that pip uses on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    /// The address and how to get there; the address ends without a slash.
    source: Source,
}

impl Index {
    /// Asks pip.
    pub(crate) fn from_pip() -> Result<Self> {
        let output = Command::new("python3")
            .args(["-c", ASK_PIP])
            .stdin(Stdio::null())
            .output()
            .context(
                "cannot start python3; install it (Debian, Ubuntu: `sudo apt-get install -y python3-pip`)",
            )?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines().map(|line| line.trim().to_owned());
        let mut next = || lines.next().filter(|line| !line.is_empty());
        let (url, certificates, proxy) = (next(), next(), next());
        let Some(url) = url else {
            bail!(
                "python3 names no package index: {}\nInstall pip (Debian, Ubuntu: `sudo apt-get install -y \
                 python3-pip`) or set PIP_INDEX_URL.",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        };
        Ok(Self {
            source: Source {
                url: url.trim_end_matches('/').to_owned(),
                certificates,
                proxy,
            },
        })
    }

    /// Where the file called `file` of `project` lies.
    pub(crate) fn locate(&self, project: &str, file: &str) -> Result<Source> {
        // The slash at the end is part of the address: links on the page are relative to it.
        let address = format!("{}/{project}/", self.source.url);
        let source = Source {
            url: address.clone(),
            ..self.source.clone()
        };
        let page = page(&source, ACCEPT).with_context(|| {
            format!(
                "the package index that pip uses has no readable page for {project}; check the network and \
                 `pip config list`"
            )
        })?;
        let link = pick(&page, file).with_context(|| {
            format!(
                "the package index that pip uses does not offer {file}; choose one that mirrors all of {project} \
                 (set PIP_INDEX_URL)"
            )
        })?;
        Ok(Source {
            url: with_login(&address, &join(&address, &link)),
            ..self.source.clone()
        })
    }
}

/// The link to `file` on an index page in either form.
fn pick(page: &str, file: &str) -> Option<String> {
    match serde_json::from_str::<serde_json::Value>(page) {
        Ok(json) => json["files"]
            .as_array()?
            .iter()
            .find(|entry| entry["filename"] == file)
            .and_then(|entry| entry["url"].as_str())
            .map(|url| without_fragment(url).to_owned()),
        Err(_) => html_links(page).into_iter().find(|link| last_part(link) == file),
    }
}

/// Every `href` on a page, without what follows `#` (a hash, which is pinned here instead).
fn html_links(page: &str) -> Vec<String> {
    page.split("href=")
        .skip(1)
        .filter_map(|rest| {
            let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let link = rest[1..].split(quote).next()?;
            Some(without_fragment(&link.replace("&amp;", "&")).to_owned())
        })
        .collect()
}

fn without_fragment(link: &str) -> &str {
    link.split('#').next().unwrap_or(link)
}

/// The file name in a link.
fn last_part(link: &str) -> String {
    let path = link.split('?').next().unwrap_or(link);
    // The one character that file names of wheels hold and some indexes escape.
    path.rsplit('/')
        .next()
        .unwrap_or(path)
        .replace("%2B", "+")
        .replace("%2b", "+")
}

/// `scheme://host` of an address, and the rest.
fn split_host(address: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    Some((scheme, &rest[..end], &rest[end..]))
}

/// The address that `link` on the page `base` stands for.
fn join(base: &str, link: &str) -> String {
    let Some((scheme, host, path)) = split_host(base) else {
        return link.to_owned();
    };
    if split_host(link).is_some() {
        return link.to_owned();
    }
    if let Some(rest) = link.strip_prefix("//") {
        return format!("{scheme}://{rest}");
    }
    if link.starts_with('/') {
        return format!("{scheme}://{host}{link}");
    }
    let mut parts: Vec<&str> = path.split('/').skip(1).collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("{scheme}://{host}/{}", parts.join("/"))
}

/// Gives `address` the user name and password of `index` if it lies on the same host, as pip does.
fn with_login(index: &str, address: &str) -> String {
    let (Some((_, ours, _)), Some((scheme, theirs, path))) = (split_host(index), split_host(address)) else {
        return address.to_owned();
    };
    match ours.rsplit_once('@') {
        Some((_, host)) if host == theirs => format!("{scheme}://{ours}{path}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "thing-1.0-cp312-cp312-manylinux_2_28_x86_64.whl";

    #[test]
    fn finds_the_exact_file_in_json() {
        let page = format!(
            r#"{{"meta":{{"api-version":"1.1"}},"files":[
                {{"filename":"x{FILE}","url":"https://files.example/x/x{FILE}"}},
                {{"filename":"{FILE}","url":"https://files.example/a/{FILE}#sha256=00","hashes":{{}}}}]}}"#
        );
        assert_eq!(pick(&page, FILE), Some(format!("https://files.example/a/{FILE}")));
        assert_eq!(pick(&page, "thing-2.0.whl"), None);
        assert_eq!(pick("{}", FILE), None);
    }

    #[test]
    fn finds_the_exact_file_in_html() {
        let page = format!(
            "<!DOCTYPE html><a href=\"https://files.example/x{FILE}#sha256=1\">x</a>\n\
             <a data-requires-python='&gt;=3' href='../../packages/{FILE}?a=1&amp;b=2#sha256=2'>{FILE}</a>"
        );
        assert_eq!(pick(&page, FILE), Some(format!("../../packages/{FILE}?a=1&b=2")));
        assert_eq!(pick(&page, "thing-2.0.whl"), None);
        assert_eq!(pick("<html>", FILE), None);
    }

    #[test]
    fn finds_an_escaped_name() {
        let page = "<a href=\"/w/thing-1.0%2Bcpu-py3-none-any.whl#sha256=1\">";
        assert_eq!(
            pick(page, "thing-1.0+cpu-py3-none-any.whl").as_deref(),
            Some("/w/thing-1.0%2Bcpu-py3-none-any.whl")
        );
    }

    #[test]
    fn links_are_relative_to_the_page() {
        let base = "https://index.example:8443/simple/thing/";
        let cases = [
            ("https://other.example/f.whl", "https://other.example/f.whl"),
            ("//other.example/f.whl", "https://other.example/f.whl"),
            ("/f.whl", "https://index.example:8443/f.whl"),
            ("f.whl", "https://index.example:8443/simple/thing/f.whl"),
            (
                "../../packages/./f.whl",
                "https://index.example:8443/packages/f.whl",
            ),
        ];
        for (link, address) in cases {
            assert_eq!(join(base, link), address, "{link}");
        }
    }

    #[test]
    fn a_login_stays_on_its_host() {
        let index = "https://me:secret@index.example/simple/thing/";
        assert_eq!(
            with_login(index, "https://index.example/f.whl"),
            "https://me:secret@index.example/f.whl"
        );
        assert_eq!(
            with_login(index, "https://other.example/f.whl"),
            "https://other.example/f.whl"
        );
        assert_eq!(with_login(index, &join(index, "f.whl")), format!("{index}f.whl"));
    }
}
