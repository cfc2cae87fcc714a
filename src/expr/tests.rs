//! What the grammar accepts, how it is printed and how its errors read.

use super::*;
use proptest::prelude::*;

fn shown(text: &str) -> String {
    parse(text).map_or_else(|error| panic!("{error}"), |expr| expr.to_string())
}

fn error(text: &str) -> String {
    match parse(text) {
        Ok(expr) => panic!("{text:?} parsed as {expr}"),
        Err(error) => error.to_string(),
    }
}

/// Canonical text is a fixed point, and brackets appear only where the grammar needs them.
#[test]
fn canonical_text_prints_as_itself() {
    for text in [
        "cosine",
        "warmup(500) then cosine(to=1e-5)",
        "linear(1x -> 0, 90%)",
        "restart(cosine, every=10ep, grow=2, decay=0.8)",
        "0.1 * 0.97 ** epoch",
        "torch.LambdaLR(lr_lambda=lambda epoch: 0.95 ** (epoch // 30))",
        "torch.MultiStepLR(milestones=[30, 80], gamma=0.1)",
        "optax.piecewise_constant_schedule(init_value=1.0, boundaries_and_scales={10: 0.1, 20: 0.01})",
        "f(None, True, False, 'it\\'s', (1,), (), (1, 2), [], {})",
        "lambda epoch, lr: lr if epoch < 8 else lr * math.exp(-0.0573)",
        "[0.5, 0.1][min(int(epoch), 1)]",
        "lambda it, w=10, h=-1: it / w",
        "2 ** -1 ** 2",
        "(-2) ** 2",
        "a - (b - c) - d",
        "not (a and b) or c",
        "(a then b) -> c",
        "float('nan') + float('inf')",
        "1e6sp",
        "step % 10",
    ] {
        assert_eq!(shown(text), text);
    }
}

/// Spelling that differs from the canonical text but means the same.
#[test]
fn other_spellings_are_the_same_expression() {
    for (text, canonical) in [
        ("f(a=1,)", "f(a=1)"),
        ("\"cos\"", "'cos'"),
        ("10_000", "10000"),
        (".5", "0.5"),
        ("5.", "5.0"),
        ("1E-3", "0.001"),
        ("7%3", "7 % 3"),
        ("step%10", "step % 10"),
        ("f(30%)", "f(30%)"),
        ("-2 ** 2", "-2 ** 2"),
        ("((1))", "1"),
        ("float('-inf')", "-float('inf')"),
        ("true", "True"),
        ("a\n  then b", "a then b"),
        ("a <= e < b", "a <= e and e < b"),
        ("not a < b < c == d", "not (a < b and b < c and c == d)"),
        ("(a\n then b) then c", "a then b then c"),
    ] {
        assert_eq!(shown(text), canonical);
    }
}

/// Python's rules: `**` binds to the right and tighter than a sign on its left.
#[test]
fn precedence_is_pythons() {
    let negated = parse("-2 ** 2").map(|e| matches!(e.node, Node::Unary(UnaryOp::Neg, _)));
    assert_eq!(negated, Ok(true));
    assert_eq!(parse("2 ** 3 ** 4"), parse("2 ** (3 ** 4)"));
    assert_eq!(parse("a - b - c"), parse("(a - b) - c"));
    assert_eq!(parse("not a < b"), parse("not (a < b)"));
    assert_eq!(
        parse("a if b else c if d else e"),
        parse("a if b else (c if d else e)")
    );
}

/// A person reads these: each names the column, what was expected and what to do.
#[test]
fn errors_point_at_the_place() {
    for (text, start) in [
        ("", "column 1: expected a value, found the end of the text"),
        (
            "cosine(",
            "column 8: expected a value, found the end of the text",
        ),
        (
            "linear(1 -> 0",
            "column 14: expected `,` or `)`, found the end of the text",
        ),
        (
            "warmup(500) the cosine",
            "column 13: expected an operator, `then` or the end, found `the`; did you mean `then`?",
        ),
        (
            "warmup(10 ep)",
            "column 11: expected `,` or `)`, found `ep`",
        ),
        (
            "10epochs",
            "column 1: `epochs` is not a unit; expected `up`, `ep`, `sp`, `%`, `x`",
        ),
        ("'cos", "column 1: this string does not end"),
        (
            "f(a=1, 2)",
            "column 8: a positional argument after a keyword argument",
        ),
        (
            "1 < (2 < 3 < 4) < 5",
            "column 5: a comparison inside a chain of comparisons",
        ),
        (
            "1 -> 2 -> 3",
            "column 8: `->` has one left and one right side",
        ),
        ("a if b", "column 7: expected `else`"),
        (
            "lambda w=10, e: e",
            "column 14: the parameter `e` needs a default value too",
        ),
        ("lambda 1: 2", "column 8: expected a parameter name"),
        ("é $", "column 3: the character '$' has no meaning here"),
        ("1e999", "column 1: this number is too large"),
        (
            "f(9007199254740993)",
            "column 3: `9007199254740993` has more digits than a number keeps: the nearest is 9007199254740992",
        ),
        (
            "a\nthen\n)",
            "line 3, column 1: expected a value, found `)`",
        ),
        ("float('x')", "column 1: float(\"x\") is not a number"),
        (".", "column 1: a point must stand beside a digit"),
    ] {
        let message = error(text);
        assert!(message.starts_with(start), "{text:?}: {message}");
    }
    assert_eq!(
        error("linear(1x -> )"),
        "column 14: expected a value, found `)`\n  linear(1x -> )\n               ^"
    );
}

/// Depth and length are bounded, so that nothing that walks a tree can exhaust the stack.
#[test]
fn nesting_is_bounded() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "", "]"),
        ("-", "1", ""),
        ("f(", "1", ")"),
        ("lambda: ", "1", ""),
    ] {
        let text = format!("{}{middle}{}", open.repeat(100_000), close.repeat(100_000));
        assert!(
            error(&text).contains("nested more than 64 levels"),
            "{open}"
        );
    }
    assert!(error(&"1 ** ".repeat(10_000)).contains("nested more than 64 levels"));
    assert!(error(&"1 + ".repeat(10_000)).contains("more than 500 operators"));
    assert!(error(&format!("a{}", "[0]".repeat(10_000))).contains("more than 500 operators"));
    assert!(error(&"1".repeat(2 << 20)).contains("the text has 2097152 bytes"));
}

/// A model is a list of layers; commas between them are taken, as in other lists.
#[test]
fn sequences_are_separated_by_space() {
    let items = parse_sequence("Conv2d(1,32,3) ReLU\n Linear(10)").unwrap_or_default();
    let text: Vec<String> = items.iter().map(Expr::to_string).collect();
    assert_eq!(text, ["Conv2d(1, 32, 3)", "ReLU", "Linear(10)"]);
    let commas = parse_sequence("Conv2d(1,32,3), ReLU,\nLinear(10),").unwrap_or_default();
    assert_eq!(commas, items);
    let twice = parse_sequence("ReLU,, Linear(10)").map_err(|e| e.to_string());
    assert!(twice.is_err_and(|e| e.starts_with("column 6: expected a name or a call")));
    assert!(parse_sequence(" ").is_err());
}

/// Unknown, doubled, missing, superfluous and unused arguments are all refused, with the place.
#[test]
fn arguments_are_bound_strictly() {
    let names = ["weight", "bias"];
    let message = |text: &str| {
        let call = parse(text).unwrap_or_else(|e| panic!("{e}"));
        let read = |args: Args<'_>| {
            args.f64("weight")?;
            args.finish()
        };
        match Args::bind(text, &call, &names).and_then(read) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(message("f(1)"), "");
    assert_eq!(message("f(weight=-1.5)"), "");
    for (text, start) in [
        (
            "f(1, wieght=2)",
            "column 6: unknown argument `wieght`: f takes weight, bias; did you mean `weight`?",
        ),
        (
            "f(1, weight=2)",
            "column 6: f has its argument `weight` twice",
        ),
        (
            "f(1, 2, 3)",
            "column 9: too many arguments: f takes weight, bias",
        ),
        ("f(bias=2)", "column 1: f needs its argument `weight`"),
        (
            "f('a')",
            "column 3: `weight` of f must be a number, not a string",
        ),
        (
            "f(1, bias=2)",
            "column 6: `bias` has no effect in this f; remove it",
        ),
        (
            "1 + 1",
            "column 1: expected a call, found an arithmetic expression",
        ),
    ] {
        assert!(
            message(text).starts_with(start),
            "{text}: {}",
            message(text)
        );
    }
}

/// Whole numbers are exact or refused.
#[test]
fn whole_numbers_are_exact() {
    let whole = |text: &str| parse(text).ok().and_then(|e| e.as_u64());
    assert_eq!(whole("1e18"), Some(1_000_000_000_000_000_000));
    for text in ["-1", "1.5", "1e30", "3ep", "'a'", "float('nan')"] {
        assert_eq!(whole(text), None, "{text}");
    }
}

/// Any expression, for the printing law.
pub(crate) fn any_expr() -> impl Strategy<Value = Expr> {
    let expr = |node| Expr {
        node,
        span: Span::default(),
    };
    let unit = prop::option::of(prop::sample::select(Unit::ALL.to_vec()));
    let number =
        (0.0..1e18_f64, any::<bool>(), unit).prop_map(|(value, integer, unit)| Node::Number {
            value: if integer { value.floor() } else { value },
            integer,
            unit,
        });
    let special =
        prop::sample::select(vec![f64::NAN, f64::INFINITY]).prop_map(|value| Node::Number {
            value,
            integer: false,
            unit: None,
        });
    let leaf = prop_oneof![
        8 => number,
        1 => special,
        1 => any::<String>().prop_map(Node::Str),
        1 => any::<bool>().prop_map(Node::Bool),
        1 => Just(Node::None),
        4 => "[a-z]{1,3}_(\\.[a-z]{1,3}_)?".prop_map(Node::Name),
    ];
    leaf.prop_map(expr).prop_recursive(4, 40, 4, move |inner| {
        let boxed = inner.clone().prop_map(Box::new).boxed();
        let name = || prop::option::of("[a-z]{1,3}_");
        let args = prop::collection::vec((name(), inner.clone()), 0..4).prop_map(|mut args| {
            args.sort_by_key(|(name, _)| name.is_some());
            let arg = |(name, value)| Arg {
                name,
                name_span: Span::default(),
                value,
            };
            args.into_iter().map(arg).collect()
        });
        let items = prop::collection::vec(inner.clone(), 0..4);
        let unary = prop::sample::select(vec![UnaryOp::Neg, UnaryOp::Plus, UnaryOp::Not]);
        let binary = prop::sample::select(vec![
            BinaryOp::Add,
            BinaryOp::Sub,
            BinaryOp::Mul,
            BinaryOp::Div,
            BinaryOp::FloorDiv,
            BinaryOp::Mod,
            BinaryOp::Pow,
            BinaryOp::Lt,
            BinaryOp::Ge,
            BinaryOp::Eq,
            BinaryOp::And,
            BinaryOp::Or,
        ]);
        prop_oneof![
            ("[a-z]{1,3}_", args).prop_map(|(callee, args)| Node::Call {
                callee,
                callee_span: Span::default(),
                args
            }),
            items.clone().prop_map(Node::List),
            items.prop_map(Node::Tuple),
            prop::collection::vec((inner.clone(), inner.clone()), 0..3).prop_map(Node::Dict),
            (prop::collection::vec(inner.clone(), 0..3), boxed.clone()).prop_map(
                |(defaults, body)| Node::Lambda {
                    params: vec!["epoch".into(), "lr".into()],
                    defaults,
                    body
                }
            ),
            (unary, boxed.clone()).prop_map(|(op, a)| Node::Unary(op, a)),
            (binary, boxed.clone(), boxed.clone()).prop_map(|(op, a, b)| Node::Binary(op, a, b)),
            (boxed.clone(), boxed.clone(), boxed.clone())
                .prop_map(|(then, cond, other)| Node::IfElse { then, cond, other }),
            (boxed.clone(), boxed.clone()).prop_map(|(a, b)| Node::Index(a, b)),
            (boxed.clone(), boxed.clone()).prop_map(|(a, b)| Node::Arrow(a, b)),
            (boxed.clone(), boxed).prop_map(|(a, b)| Node::Then(a, b)),
        ]
        .prop_map(expr)
    })
}

proptest! {
    /// What is printed parses back to the same expression: nothing is lost in a configuration file.
    #[test]
    fn printing_and_parsing_are_inverse(expr in any_expr()) {
        let text = expr.to_string();
        match parse(&text) {
            Ok(back) => prop_assert_eq!(&back, &expr, "{}", text),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// Arbitrary bytes neither panic nor hang, and the error can be shown.
    #[test]
    fn arbitrary_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = parse(&text) {
            prop_assert!(error.to_string().contains("column"));
        }
        if let Err(error) = parse_sequence(&text) {
            prop_assert!(error.to_string().contains("column"));
        }
    }

    /// As above, from the grammar's own alphabet, which reaches deeper rules; what parses also prints and parses.
    #[test]
    fn arbitrary_tokens_are_parsed_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "cosine", "then", "if", "else", "lambda", "not", "and", "x", "1", "30%", "10ep", "0.01x", "1e-3", "(", ")", "[", "]",
            "{", "}", ",", ":", "=", "->", "**", "*", "+", "-", "//", "%", "<", "'a'", "None", "float", "\"", "é", "\n",
        ]), 0..40)
    ) {
        let text = words.join(" ");
        match parse(&text) {
            Ok(expr) => prop_assert_eq!(parse(&expr.to_string()), Ok(expr)),
            Err(error) => prop_assert!(error.to_string().contains("column")),
        }
    }
}
