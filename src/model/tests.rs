//! Models as a person writes them: accepted spellings, shapes, names, initial values, refusals.

use super::*;

fn fitted(text: &str, input: &[u32], outputs: u32) -> Network {
    let model = Model::parse(text, input, outputs).unwrap_or_else(|e| panic!("{text}: {e}"));
    model
        .fit(input, outputs)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn refused(text: &str, input: &[u32], outputs: u32) -> String {
    let model = Model::parse(text, input, outputs);
    match model.and_then(|m| m.fit(input, outputs)) {
        Ok(network) => panic!("{text} was taken as {network}"),
        Err(e) => e.to_string(),
    }
}

/// The issue's own line, torch's, and `nn.Sequential` around it are one network, with
/// `nn.Sequential`'s names.
#[test]
fn spellings_of_one_network_agree() {
    let full =
        "Conv2d(1,32,3,padding=1) ReLU MaxPool2d(2) Flatten Linear(6272, 128) ReLU Linear(128, 10)";
    let network = fitted(full, &[1, 28, 28], 10);
    for same in [
        "Conv2d(32, 3, padding=1) ReLU MaxPool2d(2) Flatten Linear(128) ReLU Linear(10)",
        "nn.Conv2d(1, 32, kernel_size=(3, 3), padding='same') nn.ReLU(inplace=True) \
         nn.MaxPool2d(kernel_size=2, stride=2) nn.Flatten() nn.Linear(in_features=6272, \
         out_features=128) nn.ReLU() nn.Linear(128, out_features=10)",
        "nn.Sequential(nn.Conv2d(1, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), \
         nn.Linear(6272, 128), nn.ReLU(), nn.Linear(128, 10))",
    ] {
        let other = fitted(same, &[1, 28, 28], 10);
        assert!(network.params().eq(other.params()), "{same}");
    }
    let names: Vec<&str> = network.params().map(|p| p.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "0.weight", "0.bias", "4.weight", "4.bias", "6.weight", "6.bias"
        ]
    );
    assert_eq!(network.parameters(), 320 + 128 * 6272 + 128 + 1290);
}

/// Presets carry the names and shapes of PyTorch's models.
#[test]
fn presets_have_torchs_names_and_shapes() {
    let shapes = |text, input: &[u32], outputs| -> Vec<(String, Vec<u32>)> {
        fitted(text, input, outputs)
            .params()
            .map(|p| (p.name.clone(), p.shape.clone()))
            .collect()
    };
    let own = |list: &[(&str, &[u32])]| -> Vec<(String, Vec<u32>)> {
        list.iter()
            .map(|(name, shape)| (name.to_string(), shape.to_vec()))
            .collect()
    };
    let lenet: &[(&str, &[u32])] = &[
        ("conv1.weight", &[10, 1, 5, 5]),
        ("conv1.bias", &[10]),
        ("conv2.weight", &[20, 10, 5, 5]),
        ("conv2.bias", &[20]),
        ("fc1.weight", &[50, 320]),
        ("fc1.bias", &[50]),
        ("fc2.weight", &[10, 50]),
        ("fc2.bias", &[10]),
    ];
    assert_eq!(shapes("lenet", &[1, 28, 28], 10), own(lenet));
    let linear: &[(&str, &[u32])] = &[("linear.weight", &[1, 3]), ("linear.bias", &[1])];
    assert_eq!(shapes("linear", &[3], 1), own(linear));
    let mlp = shapes("mlp", &[1, 8, 8], 10);
    assert_eq!(mlp[0], ("fc1.weight".into(), vec![100, 64]));
    for preset in PRESETS {
        fitted(preset, &[3, 32, 32], 7);
    }
    // As the PyTorch implementations for CIFAR-10 count them.
    for (preset, numbers) in [("resnet18", 11_173_962), ("vgg11", 9_231_114)] {
        assert_eq!(fitted(preset, &[3, 32, 32], 10).parameters(), numbers);
    }
    let resnet = fitted("resnet8", &[3, 32, 32], 10);
    let names: Vec<&str> = resnet.params().map(|p| p.name.as_str()).collect();
    assert_eq!(
        names[..8],
        [
            "0.weight",
            "1.weight",
            "1.bias",
            "1.running_mean",
            "1.running_var",
            "1.num_batches_tracked",
            "3.body.0.weight",
            "3.body.1.weight",
        ]
    );
    assert!(names.contains(&"5.shortcut.1.running_var"));
}

/// What a layer prints parses back to it: errors and `plan` show what was understood.
#[test]
fn layers_print_as_they_parse() {
    for text in [
        "Linear(3, 4, bias=False)",
        "Conv2d(2, 8, (3, 5), stride=2, padding=(1, 2), dilation=2, groups=2, bias=False)",
        "MaxPool2d(3, stride=2, padding=1, ceil_mode=True)",
        "AvgPool2d((2, 3), count_include_pad=False)",
        "AdaptiveAvgPool2d(1)",
        "AdaptiveAvgPool2d((2, 3))",
        "ConvTranspose2d(8, 3)",
        "ConvTranspose2d(2, 8, (3, 5), stride=2, padding=(1, 2), output_padding=1, bias=False, dilation=2)",
        "Embedding(10, 3)",
        "LeakyReLU",
        "LeakyReLU(0.2)",
        "ELU(0.5)",
        "Tanh",
        "Sigmoid",
        "SiLU",
        "GELU",
        "GELU(approximate='tanh')",
        "Softmax(1)",
        "LogSoftmax(1)",
        "Flatten",
        "ReLU",
        "BatchNorm2d",
        "BatchNorm1d(8, eps=0.001, momentum=None, affine=False)",
        "Residual(Linear(8), ReLU, shortcut=Sequential(Linear(8), BatchNorm1d(momentum=0.2)))",
        "Residual(Conv2d(8, 3, padding=1), BatchNorm2d)",
        "LayerNorm",
        "LayerNorm([3, 4], eps=0.001)",
        "LayerNorm(7, elementwise_affine=False)",
        "GroupNorm(4)",
        "GroupNorm(2, 8, affine=False)",
        "Dropout",
        "Dropout(0.1)",
        "Transpose(1, 2)",
        "Flatten(2)",
        "AdaptiveAvgPool1d(1)",
    ] {
        let layer = |text: &str| Layer::parse(text, &expr::parse(text).unwrap()).unwrap();
        assert_eq!(layer(text).to_string(), text);
        assert_eq!(layer(&layer(text).to_string()), layer(text));
    }
}

/// Mistakes name the layer, both shapes, or the nearest name.
#[test]
fn refusals_say_what_was_expected() {
    for (text, input, part) in [
        ("Liner(10)", &[4][..], "did you mean `Linear`?"),
        ("Linear(10, biass=True)", &[4], "did you mean `bias`?"),
        (
            "Linear(5, 10)",
            &[4],
            "layer 0, Linear(5, 10): it says 5 inputs, but its input is [N, 4]: 4",
        ),
        (
            "Linear(9)",
            &[4],
            "ends with shape [N, 9] but the data needs [N, 10]",
        ),
        ("Linear(10)", &[1, 2, 2], "put Flatten before it"),
        (
            "Conv2d(8, 3) Flatten Linear(10)",
            &[4],
            "needs images [N, C, H, W], but its input is [N, 4]",
        ),
        (
            "Conv2d(3, 8, 3) Flatten Linear(10)",
            &[1, 8, 8],
            "it says 3 inputs",
        ),
        (
            "Conv2d(8, 9) Flatten Linear(10)",
            &[1, 8, 8],
            "does not fit its input [N, 1, 8, 8]",
        ),
        (
            "Conv2d(6, 3, groups=4) Flatten Linear(10)",
            &[4, 8, 8],
            "groups=4 must divide",
        ),
        ("Conv2d(8) Flatten Linear(10)", &[1, 8, 8], "`kernel_size`"),
        ("Conv2d(8, 0) Flatten Linear(10)", &[1, 8, 8], "from 1"),
        (
            "Conv2d(8, 3, stride=0) Flatten Linear(10)",
            &[1, 8, 8],
            "from 1",
        ),
        (
            "MaxPool2d(2, padding=2) Flatten Linear(10)",
            &[1, 8, 8],
            "half of the kernel",
        ),
        (
            "MaxPool2d(2, dilation=2) Flatten Linear(10)",
            &[1, 8, 8],
            "dilation is not supported",
        ),
        (
            "AdaptiveAvgPool2d(16777216) Flatten Linear(10)",
            &[1, 255, 255],
            "too large together",
        ),
        (
            "ConvTranspose2d(4, 3, output_padding=1) Flatten Linear(10)",
            &[1, 8, 8],
            "less than the stride",
        ),
        (
            "ConvTranspose2d(4, 3, stride=2, groups=2) Flatten Linear(10)",
            &[2, 8, 8],
            "groups is not supported",
        ),
        (
            "ConvTranspose2d(3, 4, 3) Flatten Linear(10)",
            &[2, 8, 8],
            "it says 3 inputs",
        ),
        (
            "ConvTranspose2d(4, 3, padding=5) Flatten Linear(10)",
            &[1, 8, 8],
            "makes nothing",
        ),
        (
            "ConvTranspose2d(4) Linear(10)",
            &[1, 8, 8],
            "ConvTranspose2d needs",
        ),
        (
            "Embedding(9, 3) Flatten Linear(10)",
            &[1, 8, 8],
            "needs indices",
        ),
        ("Embedding(9) Flatten Linear(10)", &[4], "embedding_dim"),
        (
            "Embedding(9, 3, padding_idx=0) Flatten Linear(10)",
            &[4],
            "`padding_idx` is not supported",
        ),
        (
            "Linear(4) Embedding(9, 3) Flatten Linear(10)",
            &[4],
            "layer 1, Embedding(9, 3): it takes the data's own numbers",
        ),
        (
            "Residual(Embedding(9, 3), shortcut=Embedding(9, 3)) Flatten Linear(10)",
            &[4],
            "must be the first layer",
        ),
        (
            "Linear(10) GELU(approximate='erf')",
            &[4],
            "'none' or 'tanh'",
        ),
        ("Linear(10) Softmax(2)", &[4], "only dim=1"),
        ("Softmax Flatten Linear(10)", &[1, 8, 8], "put Flatten"),
        (
            "Residual(Linear(6), Tanh) Linear(10)",
            &[4],
            "layer 0, Residual: its body gives [N, 6], but its shortcut [N, 4]",
        ),
        (
            "Residual(Linear(6), Liner(4)) Linear(10)",
            &[4],
            "did you mean `Linear`?",
        ),
        (
            "Residual(Linear(4), shorcut=Tanh) Linear(10)",
            &[4],
            "not `shorcut`",
        ),
        (
            "Residual(Conv2d(3, 3), shortcut=Identity) Flatten Linear(10)",
            &[3, 8, 8],
            "unknown layer `Identity`",
        ),
        (
            "Residual(Linear(5), Conv2d(3, 3)) Linear(10)",
            &[4],
            "layer 0.body.1, Conv2d(3, 3): it needs images",
        ),
        ("Dropout(1) Linear(10)", &[4], "less than 1"),
        ("GroupNorm(3) Flatten Linear(10)", &[4, 2, 2], "must divide"),
        ("LayerNorm(3) Linear(10)", &[4], "are not"),
        ("Transpose(0, 1) Linear(10)", &[4], "Transpose(1, 2)"),
        ("Transpose(1, 2) Linear(10)", &[4], "[N, A, B]"),
        ("BatchNorm2d Linear(10)", &[4], "needs images"),
        ("BatchNorm1d Flatten Linear(10)", &[3, 4, 4], "BatchNorm2d"),
        ("BatchNorm1d(5) Linear(10)", &[4], "it says 5 inputs"),
        (
            "BatchNorm1d(track_running_stats=False) Linear(10)",
            &[4],
            "always kept",
        ),
        ("BatchNorm1d(momentum=2) Linear(10)", &[4], "from 0 to 1"),
        ("Flatten", &[1, 2, 5], "no parameters"),
        ("", &[4], "expected"),
        ("Linear(99999999999)", &[4], "must be from 1"),
    ] {
        let e = refused(text, input, 10);
        assert!(e.contains(part), "{text}: {e}");
    }
}

/// `nn.Linear` and `nn.Conv2d` draw from ±1/√fan_in; the seed decides, nothing else does.
#[test]
fn initial_values_are_torchs() {
    let network = fitted("Conv2d(64, 3) ReLU Flatten Linear(10)", &[2, 12, 12], 10);
    let values = network.init(7);
    for (p, v) in network.params().zip(&values) {
        let fan_in = if p.name.starts_with('0') {
            18.0f32
        } else {
            6400.0
        };
        let bound = 1.0 / fan_in.sqrt();
        let largest = v.iter().fold(0f32, |most, x| most.max(x.abs()));
        assert!(largest <= bound, "{}: {largest} > {bound}", p.name);
        if v.len() > 1000 {
            let variance = v.iter().map(|x| x * x).sum::<f32>() / v.len() as f32;
            assert!(
                (variance / (bound * bound / 3.0) - 1.0).abs() < 0.1,
                "{}",
                p.name
            );
            assert!(largest > 0.99 * bound);
        }
    }
    assert_eq!(values, network.init(7));
    assert_ne!(values, network.init(8));
}

/// Sizes that no buffer holds are refused before anything is allocated.
#[test]
fn giants_are_refused() {
    let network = fitted(
        "Linear(16000000) ReLU Linear(16000000) Linear(10)",
        &[4],
        10,
    );
    assert!(
        network
            .check_sizes(1)
            .unwrap_err()
            .to_string()
            .contains("layer 2")
    );
    let network = fitted(
        "Conv2d(64, 3, padding=1) Flatten Linear(10)",
        &[1, 512, 512],
        10,
    );
    assert!(
        network
            .check_sizes(1000)
            .unwrap_err()
            .to_string()
            .contains("smaller batch")
    );
    network.check_sizes(4).unwrap();
}
