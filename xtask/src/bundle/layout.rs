//! What lies where in a bundle, on which system.

use std::env::consts::{ARCH, OS};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::papers;

/// The plugin's name; hosts that load no bundle's papers show its file name.
const NAME: &str = "Echometer";

/// What kind of plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Clap,
    Vst3,
}

impl Format {
    pub(crate) const ALL: [Self; 2] = [Self::Clap, Self::Vst3];

    /// The bundle's name.
    pub(crate) fn bundle(self) -> &'static str {
        match self {
            Self::Clap => "Echometer.clap",
            Self::Vst3 => "Echometer.vst3",
        }
    }

    /// What the format calls itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clap => "CLAP",
            Self::Vst3 => "VST3",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Linux,
    MacOs,
    Windows,
}

/// What a bundle is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    system: System,
    arch: &'static str,
    /// What cargo is told to build for; `None` is this machine.
    pub(crate) triple: Option<String>,
}

impl Target {
    /// The machine that `triple` names, or this one.
    pub(crate) fn new(triple: Option<&str>) -> Result<Self> {
        let (arch, system) = triple.map_or((ARCH, OS), |triple| {
            triple.split_once('-').unwrap_or((triple, ""))
        });
        let has = |word: &str| system.split('-').any(|part| part == word);
        let known_arch = ["x86_64", "aarch64"].into_iter().find(|known| *known == arch);
        let known_system = [
            ("linux", System::Linux),
            ("darwin", System::MacOs),
            ("macos", System::MacOs),
            ("windows", System::Windows),
        ]
        .into_iter()
        .find_map(|(word, system)| has(word).then_some(system));
        let (Some(arch), Some(system)) = (known_arch, known_system) else {
            bail!(
                "no plugin bundle is known for {arch} with {system}; --target takes a triple that begins with x86_64 \
                 or aarch64 and names linux, darwin or windows, like x86_64-apple-darwin"
            );
        };
        Ok(Self {
            system,
            arch,
            triple: triple.map(str::to_owned),
        })
    }

    pub(crate) fn is_macos(&self) -> bool {
        self.system == System::MacOs
    }

    /// The ending of the library that cargo builds.
    pub(crate) fn library_extension(&self) -> &'static str {
        match self.system {
            System::Linux => "so",
            System::MacOs => "dylib",
            System::Windows => "dll",
        }
    }

    /// The file that cargo builds for the library of `package`.
    pub(crate) fn library(&self, package: &str) -> String {
        let prefix = if self.system == System::Windows { "" } else { "lib" };
        format!(
            "{prefix}{}.{}",
            package.replace('-', "_"),
            self.library_extension()
        )
    }

    /// What a VST3 bundle's folder with the library is called.
    fn vst3_folder(&self) -> String {
        match (self.system, self.arch) {
            (System::MacOs, _) => "MacOS".to_owned(),
            (System::Linux, arch) => format!("{arch}-linux"),
            // Steinberg's name for the processor, not Rust's.
            (System::Windows, "aarch64") => "arm64-win".to_owned(),
            (System::Windows, arch) => format!("{arch}-win"),
        }
    }
}

/// What a file in a bundle holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// The library that was built.
    Library,
    Text(String),
}

/// The files of a bundle: paths inside it, and what they hold. An empty path is the bundle itself.
pub(crate) fn files(format: Format, target: &Target) -> Vec<(String, Content)> {
    let mut files = match (format, target.system) {
        (Format::Clap, System::Linux | System::Windows) => return vec![(String::new(), Content::Library)],
        (_, System::MacOs) => vec![
            (format!("Contents/MacOS/{NAME}"), Content::Library),
            (
                "Contents/Info.plist".to_owned(),
                Content::Text(papers::info_plist(NAME, format)),
            ),
            (
                "Contents/PkgInfo".to_owned(),
                Content::Text(papers::PKG_INFO.to_owned()),
            ),
        ],
        (Format::Vst3, _) => {
            let extension = match target.system {
                System::Windows => "vst3",
                _ => target.library_extension(),
            };
            let library = format!("Contents/{}/{NAME}.{extension}", target.vst3_folder());
            vec![(library, Content::Library)]
        }
    };
    if format == Format::Vst3 {
        files.push((
            "Contents/Resources/moduleinfo.json".to_owned(),
            Content::Text(papers::module_info(NAME)),
        ));
    }
    files
}

/// Where this system's hosts look for a user's own plugins. `home` is the user's folder, `local` what Windows calls
/// `LOCALAPPDATA`.
pub(crate) fn user_folder(format: Format, home: Option<&Path>, local: Option<&Path>) -> Option<PathBuf> {
    if cfg!(windows) {
        Some(local?.join("Programs").join("Common").join(format.name()))
    } else if cfg!(target_os = "macos") {
        Some(home?.join("Library/Audio/Plug-Ins").join(format.name()))
    } else {
        Some(home?.join(format!(".{}", format.name().to_lowercase())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(format: Format, triple: &str) -> Vec<String> {
        let target = Target::new(Some(triple)).unwrap();
        assert_eq!(target.triple.as_deref(), Some(triple));
        files(format, &target).into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn clap_is_one_file_but_on_macos() {
        for triple in [
            "x86_64-unknown-linux-gnu",
            "x86_64-pc-windows-msvc",
            "aarch64-pc-windows-msvc",
        ] {
            assert_eq!(paths(Format::Clap, triple), [""]);
        }
        assert_eq!(
            paths(Format::Clap, "aarch64-apple-darwin"),
            [
                "Contents/MacOS/Echometer",
                "Contents/Info.plist",
                "Contents/PkgInfo"
            ]
        );
    }

    #[test]
    fn vst3_names_the_system_and_the_processor() {
        for (triple, library) in [
            ("x86_64-unknown-linux-gnu", "Contents/x86_64-linux/Echometer.so"),
            ("aarch64-unknown-linux-gnu", "Contents/aarch64-linux/Echometer.so"),
            ("x86_64-pc-windows-msvc", "Contents/x86_64-win/Echometer.vst3"),
            ("x86_64-pc-windows-gnu", "Contents/x86_64-win/Echometer.vst3"),
            ("aarch64-pc-windows-msvc", "Contents/arm64-win/Echometer.vst3"),
            ("x86_64-apple-darwin", "Contents/MacOS/Echometer"),
            ("aarch64-apple-darwin", "Contents/MacOS/Echometer"),
        ] {
            let paths = paths(Format::Vst3, triple);
            assert_eq!(paths[0], library, "{triple}");
            assert!(
                paths.contains(&"Contents/Resources/moduleinfo.json".to_owned()),
                "{triple}"
            );
            assert_eq!(
                paths.contains(&"Contents/PkgInfo".to_owned()),
                triple.ends_with("darwin"),
                "{triple}"
            );
        }
    }

    #[test]
    fn this_machine_is_known_and_strangers_are_told_what_is() {
        let here = Target::new(None).unwrap();
        assert_eq!(here.triple, None);
        let expected = format!(
            "{}a_b{}",
            std::env::consts::DLL_PREFIX,
            std::env::consts::DLL_SUFFIX
        );
        assert_eq!(here.library("a-b"), expected);
        for triple in [
            "riscv64gc-unknown-linux-gnu",
            "x86_64-unknown-freebsd",
            "x86_64",
            "linux",
        ] {
            let error = Target::new(Some(triple)).unwrap_err().to_string();
            assert!(error.contains("--target takes"), "{error}");
        }
    }

    #[test]
    fn users_have_a_folder_for_each_format() {
        let (home, local) = (Path::new("/home/me"), Path::new("/local"));
        let folders = Format::ALL.map(|format| user_folder(format, Some(home), Some(local)).unwrap());
        assert_ne!(folders[0], folders[1]);
        if cfg!(target_os = "linux") {
            assert_eq!(folders, [home.join(".clap"), home.join(".vst3")]);
        }
        assert_eq!(user_folder(Format::Clap, None, None), None);
    }
}
