//! Reads pages strictly: every element closed in order, every attribute quoted.

/// An element, with what stands directly in it.
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    /// The elements that it stands in, outermost first.
    pub ancestors: Vec<usize>,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

const VOID: [&str; 2] = ["meta", "br"];
const RAW: [&str; 2] = ["script", "style"];

/// All elements in order. Panics where the page is not strict.
pub fn parse(page: &str) -> Vec<Element> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    while let Some(start) = rest.find('<') {
        let text = unescaped(&rest[..start]);
        match open.last() {
            Some(inner) => elements[*inner].text.push_str(&text),
            None => assert!(text.trim().is_empty(), "text outside of the page: {text}"),
        }
        rest = &rest[start + 1..];
        if let Some(tail) = rest.strip_prefix('/') {
            let (name, after) = tail.split_once('>').expect("an end");
            let inner = open.pop().expect("an open element");
            assert_eq!(name, elements[inner].name, "closed in the wrong order");
            rest = after;
            continue;
        }
        let (element, after) = opening(rest);
        let name = element.name.clone();
        elements.push(Element { ancestors: open.clone(), ..element });
        rest = after;
        if !VOID.contains(&name.as_str()) {
            open.push(elements.len() - 1);
        }
        if RAW.contains(&name.as_str()) {
            let end = rest.find("</").expect("an end of raw text");
            let last = elements.len() - 1;
            elements[last].text.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "left open, or followed by {rest}");
    elements
}

fn opening(text: &str) -> (Element, &str) {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let end = text.find(|c| !letters(c)).expect("an end of the name");
    let mut element = Element {
        name: text[..end].to_owned(),
        attributes: Vec::new(),
        text: String::new(),
        ancestors: Vec::new(),
    };
    assert!(!element.name.is_empty(), "an unescaped < before {}", &text[..text.len().min(40)]);
    let mut rest = &text[end..];
    loop {
        if let Some(after) = rest.strip_prefix('>') {
            return (element, after);
        }
        rest = rest.strip_prefix(' ').expect("a space before an attribute");
        let (key, after) = rest.split_once("=\"").expect("a quoted attribute");
        assert!(key.chars().all(letters), "attribute {key}");
        let (value, after) = after.split_once('"').expect("an end of the attribute");
        element.attributes.push((key.to_owned(), unescaped(value)));
        rest = after;
    }
}

fn unescaped(text: &str) -> String {
    assert!(!text.contains('>'), "an unescaped > in {text}");
    for (index, _) in text.match_indices('&') {
        let known = ["&lt;", "&gt;", "&quot;", "&amp;"];
        assert!(known.iter().any(|entity| text[index..].starts_with(entity)), "an unescaped & in {text}");
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Panics where a drawing leaves its view box, or has a coordinate that is no number.
pub fn check_drawings(elements: &[Element]) {
    let mut bounds = (0.0, 0.0);
    for element in elements {
        if element.name == "svg" {
            let view: Vec<f64> = numbers(element.attribute("viewBox").expect("a view box"));
            bounds = (view[2], view[3]);
            assert!(bounds.0 > 0.0 && bounds.1 > 0.0, "an empty view box");
            continue;
        }
        if !element.ancestors.iter().any(|index| elements[*index].name == "svg") {
            continue;
        }
        check_element(element, bounds);
    }
}

fn check_element(element: &Element, (wide, tall): (f64, f64)) {
    let at = |name: &str| -> f64 {
        let text = element.attribute(name).unwrap_or("0");
        text.parse().unwrap_or_else(|_| panic!("{name} is {text} in {}", element.name))
    };
    let within = |x: f64, y: f64| {
        let inside = (-0.51..=wide + 0.51).contains(&x) && (-0.51..=tall + 0.51).contains(&y);
        assert!(inside, "{} {} at {x} {y} leaves {wide} x {tall}", element.name, element.text);
    };
    match element.name.as_str() {
        "line" => {
            within(at("x1"), at("y1"));
            within(at("x2"), at("y2"));
        }
        "rect" => {
            within(at("x"), at("y"));
            within(at("x") + at("width"), at("y") + at("height"));
        }
        "circle" => within(at("cx"), at("cy")),
        "text" => {
            let letters = crate::report::text::width(&element.text, 12.0);
            let start = match element.attribute("text-anchor") {
                Some("middle") => at("x") - letters / 2.0,
                Some("end") => at("x") - letters,
                _ => at("x"),
            };
            within(start, at("y"));
            within(start + letters, at("y"));
        }
        "path" => {
            let data = element.attribute("d").expect("data");
            let coordinates = numbers(&data.replace(['M', 'L', 'Z'], " "));
            coordinates.chunks(2).for_each(|point| within(point[0], point[1]));
        }
        "g" | "title" => {}
        other => panic!("{other} in a drawing"),
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|number| number.parse().expect("a number")).collect()
}
