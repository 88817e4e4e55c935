//! Colours for light and dark, told apart also by colour-blind eyes (after Okabe and Ito).

/// Name, on a light page, on a dark page.
const COLOURS: [(&str, &str, &str); 18] = [
    ("paper", "#ffffff", "#14171c"),
    ("page", "#f6f7f9", "#0d0f13"),
    ("ink", "#14181f", "#f1f3f6"),
    ("soft", "#545d6b", "#a3adbb"),
    ("line", "#dfe3e8", "#2b313a"),
    ("faint", "#eef0f3", "#1d2229"),
    ("lenet5", "#c27a00", "#f0b43c"),
    ("resnet34", "#0067a8", "#5ab8f0"),
    ("crnn", "#00805f", "#3ccb9f"),
    ("mtl-cnn", "#a8477f", "#e79ac8"),
    ("resnet34-heads", "#c2410c", "#ff9066"),
    ("thesis", "#14181f", "#f1f3f6"),
    ("negative", "#c2410c", "#ff9066"),
    ("positive", "#0067a8", "#5ab8f0"),
    ("good", "#00694e", "#4fd6ac"),
    ("bad", "#b03a06", "#ff9066"),
    ("accent", "#0067a8", "#5ab8f0"),
    ("best", "#e6f1fa", "#12293a"),
];

/// The colours as custom properties, dark where the reader prefers that and never on paper.
pub(crate) fn root() -> String {
    let list = |dark: bool| -> String {
        let colours = COLOURS.iter();
        colours
            .map(|(name, light, night)| format!("--{name}:{};", if dark { night } else { light }))
            .collect()
    };
    format!(
        ":root{{color-scheme:light dark;{}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}\n",
        list(false),
        list(true)
    )
}

/// `style` with the light colours in the place of the custom properties: not every program that shows SVG knows those.
pub(crate) fn light(style: &str) -> String {
    COLOURS.iter().fold(style.to_owned(), |style, (name, light, _)| {
        style.replace(&format!("var(--{name})"), light)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_of_the_style_is_known() {
        let light = light(super::super::style());
        assert!(!light.contains("var("), "{light}");
    }
}
