//! The texts inside bundles. They repeat what the plugin says of itself, so that a host need not load it to know;
//! a test holds them to the plugin's own words.

use serde_json::json;

use super::Format;

/// All crates and the plugin have one version.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const VENDOR: &str = "Echometer";
/// What macOS tells bundles apart by: the CLAP id's place, and the format.
const IDENTIFIER: &str = "org.echometer.echometer";
/// Sixteen bytes that hosts know the VST3 plugin by.
const CLASS_ID: &[u8; 16] = b"EchometerMetersA";
const SUB_CATEGORIES: [&str; 2] = ["Fx", "Analyzer"];
/// The version of the interfaces that it is built on.
const SDK: &str = "VST 3.8.0";

/// A loadable bundle, by nobody in particular.
pub(super) const PKG_INFO: &str = "BNDL????";

/// What macOS wants to know of a bundle.
pub(super) fn info_plist(name: &str, format: Format) -> String {
    let format = format.name().to_lowercase();
    let entries = [
        ("CFBundleDevelopmentRegion", "English"),
        ("CFBundleDisplayName", name),
        ("CFBundleExecutable", name),
        ("CFBundleIdentifier", &format!("{IDENTIFIER}.{format}")),
        ("CFBundleInfoDictionaryVersion", "6.0"),
        ("CFBundleName", name),
        ("CFBundlePackageType", "BNDL"),
        ("CFBundleShortVersionString", VERSION),
        ("CFBundleSignature", "????"),
        ("CFBundleVersion", VERSION),
    ];
    let entries: String = entries
        .iter()
        .map(|(key, value)| format!("\t<key>{key}</key>\n\t<string>{value}</string>\n"))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n{entries}\t<key>NSHighResolutionCapable</key>\n\t<true/>\n</dict>\n</plist>\n"
    )
}

/// What a VST3 host wants to know of a bundle, in the words of the VST3 SDK from 3.7.5 on, which reads JSON5. The
/// values are those of the plugin's factory.
pub(super) fn module_info(name: &str) -> String {
    // The same text on every system: on Windows the plugin's bytes are in another order, and hosts write and read
    // them in that order too.
    let class_id: String = CLASS_ID.iter().map(|byte| format!("{byte:02X}")).collect();
    let info = json!({
        "Name": name,
        "Version": VERSION,
        "Factory Info": {
            "Vendor": VENDOR,
            "URL": "",
            "E-Mail": "",
            "Flags": {
                "Unicode": true,
                "Classes Discardable": false,
                "Component Non Discardable": false,
            },
        },
        "Classes": [{
            "CID": class_id,
            "Category": "Audio Module Class",
            "Name": name,
            "Vendor": VENDOR,
            "Version": VERSION,
            "SDKVersion": SDK,
            "Sub Categories": SUB_CATEGORIES,
            // Simple mode supported.
            "Class Flags": 2,
            // Many instances.
            "Cardinality": i32::MAX,
            "Snapshots": [],
        }],
    });
    format!("{info:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_say_what_the_plugin_says() {
        // In whatever lines they stand.
        let said = concat!(
            include_str!("../../../plugin/src/plugin.rs"),
            include_str!("../../../plugin/src/vst3/factory.rs"),
        );
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let class_id = std::str::from_utf8(CLASS_ID).unwrap();
        for line in [
            format!("VST3_CLASS_ID: [u8; 16] = *b\"{class_id}\";"),
            format!("VST3_SUBCATEGORIES: &str = \"{}\";", SUB_CATEGORIES.join("|")),
            format!("VST3_SDK: &str = \"{SDK}\";"),
            format!("CLAP_ID: &'static str = \"{IDENTIFIER}\";"),
            format!("VENDOR: &'static str = \"{VENDOR}\";"),
            "NAME: &'static str = \"Echometer\";".to_owned(),
            "URL: &'static str = \"\";".to_owned(),
            "EMAIL: &'static str = \"\";".to_owned(),
            "VERSION: &'static str = env!(\"CARGO_PKG_VERSION\");".to_owned(),
        ] {
            assert!(said.contains(&line), "the plugin does not say {line}");
        }
    }

    #[test]
    fn the_module_info_is_what_hosts_read() {
        let info: serde_json::Value = serde_json::from_str(&module_info("Echometer")).unwrap();
        let class = &info["Classes"][0];
        assert_eq!(class["CID"], "4563686F6D657465724D657465727341");
        assert_eq!(class["Sub Categories"], json!(["Fx", "Analyzer"]));
        assert_eq!(class["Version"], env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn the_two_bundles_have_different_identifiers() {
        let [clap, vst3] = Format::ALL.map(|format| info_plist("Echometer", format));
        assert!(
            clap.contains("<string>org.echometer.echometer.clap</string>"),
            "{clap}"
        );
        assert!(
            vst3.contains("<string>org.echometer.echometer.vst3</string>"),
            "{vst3}"
        );
        let version = format!("<key>CFBundleVersion</key>\n\t<string>{VERSION}</string>");
        assert!(clap.contains(&version), "{clap}");
    }
}
