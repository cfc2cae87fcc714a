use super::*;

/// torch's spelling, its defaults, and back.
#[test]
fn reads_and_prints_torch() {
    for (text, printed) in [
        ("SGD", "SGD()"),
        ("torch.optim.SGD()", "SGD()"),
        ("SGD(0.9)", "SGD(momentum=0.9)"),
        (
            "SGD(momentum=0.9, nesterov=True, weight_decay=1e-4)",
            "SGD(momentum=0.9, weight_decay=0.0001, nesterov=True)",
        ),
        ("Adam", "Adam()"),
        ("Adam((0.9, 0.999), 1e-8)", "Adam()"),
        (
            "optim.Adam(betas=[0.85, 0.98], amsgrad=True)",
            "Adam(betas=(0.85, 0.98), amsgrad=True)",
        ),
        ("AdamW(weight_decay=0.01)", "AdamW()"),
        ("AdamW(weight_decay=0)", "AdamW(weight_decay=0.0)"),
        ("Adagrad(0.1, eps=1e-10)", "Adagrad(lr_decay=0.1)"),
        ("RMSprop(momentum=0.9)", "RMSprop(momentum=0.9)"),
        ("Adadelta(0.95, 1e-6)", "Adadelta(rho=0.95)"),
        ("Adamax(maximize=True, eps=1e-8)", "Adamax(maximize=True)"),
        (
            "NAdam((0.9, 0.99), 1e-8, 0, 0.01, True)",
            "NAdam(betas=(0.9, 0.99), momentum_decay=0.01, decoupled_weight_decay=True)",
        ),
        (
            "torch.optim.RAdam((0.9, 0.999), 1e-8, 0.1, True)",
            "RAdam(weight_decay=0.1, decoupled_weight_decay=True)",
        ),
        ("Lion(betas=(0.95, 0.98))", "Lion(betas=(0.95, 0.98))"),
        ("AdaGradNorm(b0=0.1)", "AdaGradNorm(b0=0.1)"),
    ] {
        let read = Optimizer::parse(text).unwrap();
        assert_eq!(read.to_string(), printed, "{text}");
        assert_eq!(Optimizer::parse(printed).unwrap(), read, "{text}");
    }
    assert_eq!(
        Optimizer::parse("SGD(0.9)").unwrap(),
        Optimizer::default(),
        "kiln's default"
    );
}

/// Every optimiser has a page with its defaults, which read back.
#[test]
fn every_optimizer_is_explained() {
    for name in Optimizer::names() {
        let page = page(name).unwrap();
        let call = page.lines().next().unwrap();
        let read = Optimizer::parse(call).unwrap();
        assert_eq!(read, Optimizer::parse(name).unwrap(), "{call}");
        assert!(page.contains("keeps"), "{page}");
    }
    assert!(page("torch.optim.Adam").is_some_and(|p| p.contains("exp_avg_sq")));
    assert_eq!(page("adamant"), None);
}

/// Nothing is ignored silently, and what torch refuses is refused.
#[test]
fn refuses_with_a_hint() {
    for (text, hint) in [
        ("SDG()", "SGD"),
        ("Adan()", "did you mean `Adam`"),
        ("0.9", "expected an optimiser"),
        ("SGD(momentun=0.9)", "momentum"),
        ("SGD(nesterov=True)", "requires a momentum"),
        (
            "SGD(momentum=0.9, dampening=0.1, nesterov=True)",
            "zero dampening",
        ),
        ("SGD(dampening=0.1)", "no effect"),
        ("SGD(lr=0.1)", "--lr"),
        ("SGD(momentum=-1)", "from 0"),
        ("SGD(momentum=True)", "number"),
        ("Adam(betas=0.9)", "two numbers"),
        ("Adam(betas=(0.9, 1.0))", "below 1"),
        ("Adam(eps=-1)", "from 0"),
        ("Adam(momentum=0.9)", "unknown argument"),
        ("RMSprop(alpha=1)", "below 1"),
        ("Adadelta(rho=1)", "below 1"),
        ("NAdam(momentum_decay=-1)", "from 0"),
        ("RAdam(amsgrad=True)", "unknown argument"),
        ("AdaGradNorm(b0=0)", "above 0"),
    ] {
        let error = Optimizer::parse(text).unwrap_err().to_string();
        assert!(error.contains(hint), "{text}: {error}");
    }
}
