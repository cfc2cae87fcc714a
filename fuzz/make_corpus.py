#!/usr/bin/env python3
"""Makes the corpora of the fuzz targets: valid inputs, from NumPy, Pillow and kiln itself, and nasty ones by hand.

    python3 fuzz/make_corpus.py path/to/kiln

Needs numpy and Pillow. Fuzzers add what they find, without an extension, which is not kept; an input that broke kiln once is
kept beside these under a name that says what it is.
"""

import gzip
import io
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

import numpy as np
from PIL import Image

CORPUS = pathlib.Path(__file__).parent / "corpus"


def keep(target, name, data):
    path = CORPUS / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def idx(dims, values, kind=8):
    return bytes([0, 0, kind, len(dims)]) + b"".join(struct.pack(">I", d) for d in dims) + bytes(values)


def make_idx():
    keep("idx", "images.idx", idx([3, 2, 2], range(12)))
    keep("idx", "channels.idx", idx([3, 3, 1, 2], range(18)))
    keep("idx", "labels.idx", idx([1], [2]))
    keep("idx", "announces-2-to-124.idx", idx([2**31 - 1] * 4, []))
    keep("idx", "announces-4-gib.idx", idx([3, 2**15, 2**15], [1]))
    keep("idx", "many-channels.idx", idx([3, 2**31, 1, 1], [1]))
    keep("idx", "floats.idx", idx([3, 1, 1], [0] * 12, kind=0x0D))
    keep("idx", "empty-dimension.idx", idx([3, 0, 2**32 - 1], []))
    keep("idx", "one-byte.idx", b"\0")
    keep("idx", "nothing.idx", b"")


def packed(data):
    return gzip.compress(data, mtime=0)


def make_gzip():
    keep("gzip", "images.gz", packed(idx([3, 2, 2], range(12))))
    keep("gzip", "table.gz", packed(TABLE.encode()))
    keep("gzip", "two-members.gz", packed(idx([3, 2, 2], range(6))) + packed(bytes(range(6))))
    keep("gzip", "bomb-of-zeros.gz", packed(bytes(1 << 17)))
    keep("gzip", "bomb-of-rows.gz", packed(b"a,b,y\n" + b"1,2,0\n1,3,1\n" * 5000))
    keep("gzip", "bomb-of-one-line.gz", packed(b"a,b,y\n" + b"9" * (1 << 17)))
    keep("gzip", "bomb-of-commas.gz", packed(b"," * (1 << 17)))
    keep("gzip", "announces-4-gib.gz", packed(idx([3, 2**15, 2**15], bytes(1000))))
    keep("gzip", "long-name.gz", b"\x1f\x8b\x08\x08\0\0\0\0\0\3" + b"n" * 3000)
    keep("gzip", "magic-alone.gz", b"\x1f\x8b")


TABLE = "a,b,y\n" + "".join(f"{i},{i * i / 7:.3f},{i % 2}\n" for i in range(12))


def make_csv():
    keep("csv", "table.csv", TABLE)
    keep("csv", "words.csv", "y,a,b\nred,1,2\n'blue',3,4\n\"green, dark\",5,6\n" * 1 + "red,1,2\nred,1,2\n")
    keep("csv", "crlf.csv", TABLE.replace("\n", "\r\n"))
    keep("csv", "bom.csv", "\ufeff" + TABLE)
    keep("csv", "open-quote.csv", 'a,b,y\n1,"2,0\n1,2,1\n')
    keep("csv", "numbers.csv", "a,b,y\n1e308,-1e-320,0\nNaN,inf,1\n0x10,1_000,2\n")
    keep("csv", "columns.csv", ",".join(f"c{i}" for i in range(600)) + ",y\n")
    keep("csv", "same-names.csv", "a,a,y\n1,2,3\n")
    keep("csv", "only-header.csv", "a,b,y\n")
    keep("csv", "latin1.csv", b"a,b,y\n1,2,\xe9\n")
    keep("csv", "zeros.csv", b"a,b,y\n" + bytes(50))
    keep("csv", "many-classes.csv", "a,b,y\n" + "".join(f"1,2,{i}\n1,2,{i}\n" for i in range(150)))


def npy(array, **more):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **more)
    return file.getvalue()


def header(text, version=1):
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode()


def make_npy():
    x = np.arange(24, dtype=np.float32)
    keep("npy", "floats.npy", npy(x.reshape(6, 4)))
    keep("npy", "fortran.npy", npy(np.asfortranarray(x.reshape(6, 2, 2))))
    keep("npy", "big-endian.npy", npy(x.astype(">f8").reshape(6, 4)))
    keep("npy", "bytes.npy", npy(np.arange(24, dtype=np.uint8).reshape(6, 1, 2, 2)))
    keep("npy", "labels.npy", npy(np.array([0, 1, 2, 0, 1, 2], dtype=np.int64)))
    keep("npy", "labels-far.npy", npy(np.array([0, 65535, 2, 0, 1, 2], dtype=np.int64)))
    keep("npy", "booleans.npy", npy(np.array([True, False] * 3)))
    keep("npy", "version-3.npy", npy(x.reshape(6, 4), version=(3, 0)))
    keep("npy", "records.npy", npy(np.zeros(3, dtype=[("a", "f4"), ("b", "i4")])))
    of = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }\n"
    keep("npy", "announces-2-to-60.npy", header(of % "1152921504606846976,"))
    keep("npy", "announces-an-overflow.npy", header(of % "4294967296, 4294967296, 4"))
    keep("npy", "announces-16-gib.npy", header(of % "65536, 65535"))
    keep("npy", "many-dimensions.npy", header(of % ("1, " * 2000), version=2))
    keep("npy", "long-header.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{")
    keep("npy", "nested.npy", header("(" * 3000))
    keep("npy", "code.npy", header("{'descr': __import__('os').system('true'), }"))
    keep("npy", "no-shape.npy", header(of % "" + "") + bytes(4))


def zipped(files, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def make_npz():
    x, y = npy(np.arange(24, dtype=np.float32).reshape(6, 4)), npy(np.array([0, 1] * 3))
    keep("npz", "stored.npz", zipped([("x.npy", x), ("y.npy", y)]))
    keep("npz", "deflated.npz", zipped([("x.npy", x), ("y.npy", y)], zipfile.ZIP_DEFLATED))
    split = [(f"{a}_{s}.npy", d) for s in ["train", "val", "test"] for a, d in [("x", x), ("y", y)]]
    keep("npz", "split.npz", zipped(split, zipfile.ZIP_DEFLATED))
    bomb = npy(np.zeros((1 << 15, 4), dtype=np.uint8))
    keep("npz", "bomb.npz", zipped([("x.npy", bomb), ("y.npy", npy(np.zeros(1 << 15, dtype=np.uint8)))], zipfile.ZIP_DEFLATED))
    keep("npz", "escaping-names.npz", zipped([("../../x.npy", x), ("/y.npy", y), ("..\\x.npy", x)]))
    keep("npz", "same-names.npz", zipped([("x.npy", x), ("X.npy", x), ("y.npy", y)]))
    keep("npz", "no-arrays.npz", zipped([("readme", b"nothing here")]))
    lying = bytearray(zipped([("x.npy", x), ("y.npy", y)]))
    at = lying.index(b"PK\1\2")
    lying[at + 20 : at + 28] = b"\xff\xff\xff\x7f\xff\xff\xff\x7f"
    keep("npz", "lying-sizes.npz", bytes(lying))
    end = bytearray(zipped([]))
    end[8:12] = b"\xff\xff\xff\xff"
    keep("npz", "announces-65535-files.npz", bytes(end))


def picture(mode, size, format, **options):
    values = (np.indices(size).sum(0) * 37 % 256).astype(np.uint8)
    image = Image.fromarray(values).convert(mode)
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, data, interlace=0):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def make_picture():
    for mode in ["1", "L", "P", "RGB", "RGBA"]:
        keep("picture", f"{mode.lower()}.png", picture(mode, (9, 7), "PNG"))
    keep("picture", "16-bits.png", png(3, 2, 16, 6, bytes(range(50))))
    keep("picture", "interlaced.png", png(5, 5, 8, 0, bytes(60), 1))
    for mode, options in [("L", {}), ("RGB", {"subsampling": 2}), ("RGB", {"progressive": True}), ("CMYK", {})]:
        name = "-".join([mode.lower(), *options])
        keep("picture", f"{name}.jpg", picture(mode, (19, 13), "JPEG", **options))
    keep("picture", "65535x65535.png", png(65535, 65535, 8, 2, bytes(100)))
    keep("picture", "2-to-31-wide.png", png(2**31 - 1, 1, 16, 6, bytes(100)))
    keep("picture", "nothing-wide.png", png(0, 0, 8, 2, b""))
    keep("picture", "8192x8192-of-little.png", png(8192, 8192, 8, 6, bytes(100)))
    keep("picture", "line-of-65535.png", png(65535, 1, 1, 0, b"\0" + b"\xff" * 8192))
    keep("picture", "white-1-bit.png", png(400, 400, 1, 0, (b"\0" + b"\xff" * 50) * 400))
    for size in [65535, 8000, 0]:
        huge = bytearray(picture("RGB", (16, 16), "JPEG"))
        at = huge.index(b"\xff\xc0")
        huge[at + 5 : at + 9] = struct.pack(">HH", size, size)
        keep("picture", f"{size}x{size}.jpg", bytes(huge))
    slow = bytearray(picture("L", (16, 16), "JPEG", progressive=True))
    at = slow.index(b"\xff\xc2")
    slow[at + 5 : at + 9] = struct.pack(">HH", 300, 300)
    scan = slow.index(b"\xff\xda", slow.index(b"\xff\xda") + 1)
    keep("picture", "many-scans.jpg", bytes(slow[:-2] + slow[scan:-2] * 40 + slow[-2:]))
    keep("picture", "neither.png", b"GIF89a" + bytes(20))


def make_form(run):
    keep("form", "form.json", (run / "data.json").read_bytes())
    form = json.loads((run / "data.json").read_text())
    for name, change in {
        "no-shape": {"shape": []},
        "nothing-wide": {"shape": [1, 0, 5]},
        "huge-shape": {"shape": [4294967295] * 3},
        "no-classes": {"task": {"classification": {"classes": []}}},
        "statistics": {"standardization": {"mean": [0.5, 1.0], "std": [0.0, 1.0]}},
        "columns": {"columns": ["a", "a", ""]},
    }.items():
        keep("form", f"{name}.json", json.dumps(form | change))
    keep("form", "nested.json", "[" * 4000)


def tensors(entries, data, more=b""):
    head = json.dumps(entries).encode() + more
    return struct.pack("<Q", len(head)) + head + data


def make_safetensors():
    good = {
        "fc.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "fc.bias": {"dtype": "F32", "shape": [2], "data_offsets": [24, 32]},
    }
    data = np.arange(8, dtype=np.float32).tobytes()
    keep("safetensors", "good.safetensors", tensors(good, data))
    keep("safetensors", "not-finite.safetensors", tensors(good, np.full(8, np.nan, np.float32).tobytes()))
    for name, key, change in [
        ("overlapping", "fc.bias", {"data_offsets": [20, 28]}),
        ("backwards", "fc.bias", {"data_offsets": [32, 24]}),
        ("beyond", "fc.bias", {"data_offsets": [24, 2**63]}),
        ("overflowing-shape", "fc.weight", {"shape": [2**63, 2**63]}),
        ("empty-shape", "fc.weight", {"shape": []}),
        ("halves", "fc.bias", {"dtype": "F16", "data_offsets": [24, 28]}),
        ("4-bits", "fc.bias", {"dtype": "F4"}),
    ]:
        keep("safetensors", f"{name}.safetensors", tensors(good | {key: good[key] | change}, data))
    keep("safetensors", "padded.safetensors", tensors(good, data, b" " * 3000))
    keep("safetensors", "long-header.safetensors", struct.pack("<Q", 2**63) + b"{")
    keep("safetensors", "nested.safetensors", struct.pack("<Q", 3000) + b"[" * 3000)
    many = {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(60)}
    keep("safetensors", "many-empty.safetensors", tensors(many, b""))


def make_checkpoint(run):
    at = next((run / "checkpoints").glob("step-*"))
    files = ["state.json", "model.safetensors", "optimizer.safetensors", "ema.safetensors", "config.toml"]
    for which, name in enumerate(files):
        keep("checkpoint", f"{name.split('.')[0]}.bin", bytes([which]) + (at / name).read_bytes())
    state = json.loads((at / "state.json").read_text())

    def changed(name, part, **change):
        copy = json.loads(json.dumps(state))
        copy[part] |= change
        keep("checkpoint", f"{name}.bin", b"\0" + json.dumps(copy).encode())

    changed("far-step", "state", step=2**64 - 1, evaluated=2**64 - 1)
    changed("no-step", "state", step=0)
    changed("controllers-gone", "state", controllers=[])
    changed("words-too-many", "state", control=[0x7FC00000] * 500)
    changed("sums", "state", epoch_sums=[1e308, -1e308, 0.5])
    changed("escaping-digest", "digests", **{"../../../../../../etc/hostname": 0})
    changed("far-bytes", "notes", metrics_bytes=2**64 - 1, seconds=-1e300)


def make_tuning():
    made_for = {"adapter": "a", "backend": "Vulkan", "driver": "d", "driver_info": "1", "kiln": "0.1.0"}
    rows = {"matmul 1 2 3": {"variant": "portable", "tile": [0, 0]}}
    table = {"format": 1, "made_for": made_for, "rows": rows}
    keep("tuning", "good.json", json.dumps(table))
    keep("tuning", "tile.json", json.dumps(table | {"rows": {"matmul 1": {"variant": "register", "tile": [2**32 - 1, 0]}}}))
    keep("tuning", "kernel.json", json.dumps(table | {"rows": {"../../matmul": rows["matmul 1 2 3"]}}))
    keep("tuning", "names.json", json.dumps(table | {"made_for": {k: "é/../" * 100 for k in made_for}}))
    keep("tuning", "format.json", json.dumps(table | {"format": 2**32 - 1}))
    keep("tuning", "nested.json", '{"format":1,"made_for":' + '{"a":' * 900)


def make_report(run):
    rows = (run / "metrics.jsonl").read_bytes()
    for draw, name in [(0, "rows"), (130, "rows-drawn")]:
        keep("report", f"{name}.bin", bytes([draw]) + rows[:1500])
    keep("report", "environment.bin", b"\1" + (run / "environment.json").read_bytes()[:1500])
    keep("report", "config.bin", b"\2" + (run / "config.toml").read_bytes())
    keep("report", "changes.bin", b"\3" + b'{"step":1,"how":"keep","settings":{"lr":[null,"0.1"]},"schedules":{"schedule":"cosine"}}\n')
    keep("report", "overrides.bin", b"\4" + b'{"step":1,"factor":0.5}\n{"step":9,"factor":1e308}\n')
    row = '{"step":%s,"epoch":%s,"lr":%s,"loss":%s,"grad_norm":1}\n'
    far = [(2**64 - 1, 1, 0.1, 1), (0, 1e308, 1e308, -1e308), (1, 0, 5e-324, 5e-324), (5, 0, 0, 1e308), (2**63, 1, 1, 0)]
    for at, values in enumerate(far):
        keep("report", f"far-row-{at}.bin", b"\x82" + (row % values).encode())
    keep("report", "far-rows.bin", b"\x82" + "".join(row % v for v in sorted(far)).encode())
    keep("report", "far-time.bin", b"\x83" + b'{"started": 1e300, "seconds": -1e300, "ended": null, "a": {"b": [1]}}')
    keep("report", "negative-time.bin", b"\x83" + b'{"started": -5, "seconds": "NaN"}')
    keep("report", "nested-rows.bin", b"\0" + b"[" * 3000 + b"\n")
    keep("report", "nested-settings.bin", b"\2" + b"a = " + b"[" * 2000)
    keep("report", "dotted-settings.bin", b"\2" + b".".join([b"a"] * 1000) + b" = 1\n")
    keep("report", "infinite-rates.bin", b"\x82" + (row % (0, 0, "1e400", 1)).encode())


def make_config(run):
    keep("config", "written.toml", "\n".join((run / "config.toml").read_text().split("\n")[:6]))
    keep("config", "small.toml", 'data = "digits"\nepochs = 3\nlr = 0.05\n')
    keep("config", "words.toml", 'schedule = "warmup(10) then cosine"\noptimizer = "SGD(momentum=0.9)"\nmodel = "mlp"\n')
    keep("config", "out.toml", 'out = "../../elsewhere"\n')
    keep("config", "numbers.toml", "epochs = -1\nlr = nan\nseed = 99999999999999999999\n")
    keep("config", "tables.toml", "[a.b.c]\nx = [1, 2]\n[[d]]\n")
    keep("config", "nested.toml", "a = " + "[" * 3000)
    keep("config", "dashes.toml", '"--help" = true\n"" = 1\nlr = "--out=x"\n')
    keep("config", "dates.toml", "epochs = 1979-05-27T07:32:00Z\n")


def make_flags():
    for name, line in {
        "train": "train --data digits --epochs 3 --lr 0.1 --no-out",
        "until": "train --until eval_loss<=0.1 --patience 3 --swa 75%,every=2 --clip norm=1",
        "resume": "resume runs/a-1 --on-change keep --lr 1e-3",
        "sweep": "sweep --out s --grid lr=0.1,0.2 --seeds 3 -- --epochs 1",
        "plan": "plan --model lenet --batch-size 4294967295",
        "schedule": "schedule eval --steps 10 cosine",
        "bench": "bench kernels --only matmul",
        "far": "train --seed 18446744073709551616 --epochs -1 --lr nan --batch-size 0",
        "eval": "eval runs/a --checkpoint ../../x --top 3",
        "cooldown": "cooldown --from a --at 10 --over 5",
        "unset": "train --unset lr",
        "empty": "",
        "equals": "train --=x --lr= --data=",
    }.items():
        keep("flags", f"{name}.txt", line.replace(" ", "\n"))


def make_model():
    for name, text in {
        "preset": "lenet",
        "layers": "Conv2d(1,4,3,padding=1) ReLU MaxPool2d(2) Flatten Linear(16) ReLU Linear(10)",
        "torch": "nn.Sequential(nn.Conv2d(1, 4, kernel_size=(3, 2), stride=2, dilation=1, groups=1, bias=False), nn.AvgPool2d(2, count_include_pad=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_features=4, out_features=10))",
        "rows": "Linear(32), ReLU(), Linear(10)",
        "huge": "Linear(4294967295) Linear(4294967295) Linear(10)",
        "huge-kernel": "Conv2d(4294967295, 4294967295, padding=4294967295) Flatten Linear(10)",
        "padding": "Conv2d(1,1,1,padding=2147483648) Flatten Linear(10)",
        "stride": "MaxPool2d(2, stride=4294967295) Flatten Linear(10)",
        "no-kernel": "Conv2d(1,1,0) MaxPool2d(0) Flatten Linear(10)",
        "groups": "Conv2d(1,4,3,groups=0) Flatten Linear(10)",
        "nested": "Linear(" * 500,
        "sequential": "nn.Sequential(" * 50 + "ReLU" + ")" * 50,
        "residual": "Conv2d(4, 3, padding=1, bias=False) BatchNorm2d ReLU Residual(Conv2d(4, 3, padding=1), BatchNorm2d(momentum=None), GELU(approximate='tanh'), shortcut=Sequential(Conv2d(4, 1), BatchNorm2d(4, eps=1e-3, affine=False))) Flatten Linear(10)",
        "norms": "Conv2d(8, 4, stride=4) Flatten(2) Transpose(1, 2) LayerNorm([8]) Linear(6) Transpose(1, 2) AdaptiveAvgPool1d(1) Flatten Dropout(0.1) LayerNorm(elementwise_affine=False) Linear(10) Softmax(1)",
        "huge-norms": "GroupNorm(4294967295) LayerNorm([16777216, 16777216, 16777216]) AdaptiveAvgPool2d(16777216) Flatten Linear(10)",
        "nested-residual": "Residual(" * 60 + "ReLU" + ")" * 60 + " Flatten Linear(10)",
        "transposed": "ConvTranspose2d(3, 4, (3, 2), stride=2, padding=1, output_padding=(1, 0), groups=1, bias=False, dilation=2) AdaptiveAvgPool2d((7, 5)) Flatten Linear(10)",
        "huge-transposed": "ConvTranspose2d(16777216, 16777216, stride=16777216, output_padding=16777215, padding=16777216) AdaptiveAvgPool2d((16777216, 3)) Flatten Linear(10)",
        "embedding": "Embedding(num_embeddings=16, embedding_dim=4, padding_idx=None, sparse=False) Transpose(1, 2) Flatten Linear(10)",
        "many": "ReLU " * 800 + "Linear(10)",
    }.items():
        keep("model", f"{name}.txt", text)


def make_schedule():
    texts = {
        "warmup": "warmup(10) then cosine(to=1e-5)",
        "units": "warmup(1ep) then constant until(50%) then linear(1x -> 0, 1e4sp)",
        "product": "0.5 * cosine * noise(seed=1)",
        "formula": "0.1 * 0.97 ** epoch",
        "restart": "restart(cosine(10up), every=10, stretch=2, decay=0.9)",
        "onecycle": "torch.OneCycleLR(optimizer, max_lr=0.1, total_steps=100)",
        "lambda": "torch.LambdaLR(optimizer, lr_lambda=lambda e: 0.95 ** e)",
        "multiplicative": "torch.MultiplicativeLR(optimizer, lr_lambda=lambda e: 0.95 if e % 3 else 1)",
        "sequential": "torch.SequentialLR(optimizer, schedulers=[torch.LinearLR(optimizer), torch.ExponentialLR(optimizer, 0.9)], milestones=[5])",
        "chained": "torch.ChainedScheduler([torch.CosineAnnealingLR(optimizer, 10, eta_min=0.01), torch.StepLR(optimizer, 3)])",
        "cyclic": "torch.CyclicLR(optimizer, 0.01, 0.1, step_size_up=5, mode='triangular2')",
        "optax": "optax.join_schedules([optax.linear_schedule(0., 1., 10), optax.cosine_decay_schedule(1., 90)], [10])",
        "keras": "keras.LearningRateScheduler(lambda epoch, lr: lr if epoch < 8 else lr * 0.8)",
        "hf": "get_scheduler('cosine_with_restarts', optimizer, 10, 100)",
        "timm": "timm.CosineLRScheduler(optimizer, t_initial=10, lr_min=1e-5, warmup_t=3, cycle_limit=3)",
        "table": "table([0.1, 0.2, 0.3], [10, 20])",
        "clamp": "clamp(min(cosine, linear), 0.01, 0.1) + constant(0.01) - constant(0.02)",
        "delay": "delay(stretch(mirror(warp(cosine(10), 2, 10), 10), 2), 5)",
        "interp": "0.1 * np.interp(step, [0, 10, 20], [0, 1, 0])",
        "nested": "(" * 60 + "cosine" + ")" * 60,
        "nested-too-deep": "(" * 3000,
        "signs": "-" * 500 + "1",
        "chains": "1 < (2 < (3 < step)) < 4",
        "operators": "+".join(["0.1"] * 400),
        "exponents": "1e308 * 1e308 ** 1e308 ** step",
        "far": "warmup(1e18) then cosine(9e18up) then linear(18446744073709551615)",
        "far-period": "torch.MultiplicativeLR(optimizer, lambda e: e % 1099511627775 + e % 1099511627773)",
        "far-table": "torch.MultiplicativeLR(optimizer, lambda e: 1 if e > 1000000 else 0.5)",
        "restarts": "restart(constant(1up), every=1, stretch=1, decay=1e-300)",
        "milestones": "torch.MultiStepLR(optimizer, [" + ", ".join(map(str, range(900))) + "])",
        "pick": "[0.1, 0.2, 0.3][min(int(step // 1e300), 2)]",
        "float": "float('nan') * cosine",
        "strings": "\"\\\\'",
        "assigned": "scheduler, b = cosine;",
    }
    for name, text in texts.items():
        keep("schedule", f"{name}.txt", text)
    for name, text in {
        "plateau": "plateau(factor=0.5, patience=0) * cosine",
        "greedy": "greedy(factor=0.9, smooth=True, window=5)",
        "torch": "torch.ReduceLROnPlateau(optimizer, 'min', factor=0.1, patience=2, threshold_mode='abs', cooldown=1, min_lr=[0])",
        "keras": "keras.ReduceLROnPlateau(monitor='val_loss', factor=0.2, patience=5, min_lr=0.001)",
        "optax": "optax.reduce_on_plateau(factor=0.5, patience=2, accumulation_size=3)",
        "timm": "timm.PlateauLRScheduler(optimizer, decay_rate=0.1, patience_t=2, warmup_t=2)",
        "hf": "get_scheduler('greedy', optimizer, scheduler_specific_kwargs={'patience': 2})",
        "threshold": "threshold(below=0.3, factor=0.1, monitor=loss, observe=update)",
        "norm": "gradient_ratio * adagrad_norm * constant",
        "far": "plateau(factor=1e-300, patience=18446744073709551615, cooldown=99999999999)",
        "window": "greedy(smooth=True, window=1000000000000)",
        "accumulation": "optax.reduce_on_plateau(factor=0.5, accumulation_size=9000000000000000000)",
        "many": " * ".join(["plateau"] * 100),
    }.items():
        keep("controller", f"{name}.txt", text)
    for name, text in {
        "sgd": "SGD(momentum=0.9, weight_decay=1e-4, nesterov=True)",
        "torch": "torch.optim.SGD(0.9, 0.1, 1e-4, False, maximize=True)",
        "far": "SGD(momentum=1e308, weight_decay=-1e999)",
        "rate": "SGD(lr=0.1)",
        "other": "Adam(lr=1e-3)",
        "nested": "SGD(momentum=" + "[" * 1000,
        "nadam": "NAdam(betas=(0.9, 0.999), momentum_decay=0.004, decoupled_weight_decay=True)",
        "nadam-slow": "NAdam(betas=(0.9999999999999999, 0.999), momentum_decay=1e300)",
        "radam": "torch.optim.RAdam((0.9, 0.5), 1e-8, weight_decay=0.1)",
        "rmsprop": "RMSprop(alpha=0.9, momentum=0.5, centered=True)",
        "prodigy": "Prodigy(d0=1e-6, d_coef=2, safeguard_warmup=True)",
        "schedule-free": "AdamWScheduleFree(warmup_steps=10, r=1, weight_lr_power=3)",
    }.items():
        keep("optimizer", f"{name}.txt", text)
    for name, text in {
        "usual": "*.bias: weight_decay=0, lr=2x; layers.*: freeze",
        "schedules": "head.*: lr=cosine(from=0.02), momentum=linear(0.5 -> 0.9); *: betas=(0.5, 0.7)",
        "many": "; ".join(f"layers.{i}.*: lr={i}x" for i in range(40)),
        "stars": "*" * 60 + "x: lr=2x; " + "*e" * 40 + "x: freeze",
        "torn": "*.bias; : lr=2x; *: lr=; ;;",
    }.items():
        keep("group", f"{name}.txt", text)


def small_run(kiln, folder):
    """The run that `checkpoint` goes on with: see `Small` in src/runs.rs."""
    flags = ["--data", "line", "--limit", "8", "--model", "Linear(2) ReLU Linear(1)", "--batch-size", "4", "--epochs", "2"]
    flags += ["--ema", "0.9", "--schedule", "plateau(factor=0.5, patience=0) * greedy * cosine", "--device", "cpu"]
    run = pathlib.Path(folder) / "run"
    subprocess.run([kiln, "train", *flags, "--quiet", "--out", run], check=True)
    return run


def main():
    for name in ["idx", "gzip", "csv", "npy", "npz", "picture", "safetensors", "tuning", "flags", "model", "schedule"]:
        globals()[f"make_{name}"]()
    with tempfile.TemporaryDirectory() as folder:
        run = small_run(sys.argv[1], folder)
        for name in ["form", "checkpoint", "report", "config"]:
            globals()[f"make_{name}"](run)


if __name__ == "__main__":
    main()
