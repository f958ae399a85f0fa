"""Any picture of a digit comes out in MNIST's form, and what is no picture is one clear error."""

import io
import os
import struct
import time
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from tersenet._errors import TersenetError
from tersenet.data.formats import read_picture as reading
from tersenet.data.formats.read_picture import open_picture


def read_picture(path):
    """The picture in MNIST's form, `[28, 28]`."""
    image = reading.read_picture(path)
    assert image.shape == (1, 28, 28)
    return image[0]


def draw_seven(side=280, ink=255, paper=0):
    """A seven with round pen strokes, light on dark."""
    picture = Image.new("L", (side, side), paper)
    pen = ImageDraw.Draw(picture)
    points = [(x * side / 28, y * side / 28) for x, y in ((8, 7), (20, 7), (13, 22))]
    pen.line(points, fill=ink, width=round(side * 2.4 / 28), joint="curve")
    for x, y in points:
        radius = side * 1.2 / 28
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    return picture


def coloured(stencil, ink, paper):
    """`stencil` as how much ink there is, in two colours."""
    return ImageOps.colorize(stencil, paper, ink)


def transparent(stencil, ink):
    picture = Image.new("RGBA", stencil.size, ink)
    picture.putalpha(stencil)
    return picture


def pasted(stencil, place, size, paper=255):
    whole = Image.new("L", size, paper)
    whole.paste(ImageOps.invert(stencil), place)
    return whole


def card(stencil):
    """Dark ink on an opaque card, nothing around it."""
    whole = Image.new("RGBA", (stencil.width + 200, stencil.height + 100))
    whole.paste(coloured(stencil, "darkblue", "ivory"), (150, 30))
    return whole


def photographed(stencil, noise=8, shade=35):
    """Grey pencil on paper lit from one side, with a sensor's noise."""
    random = np.random.default_rng(0)
    ink = np.asarray(stencil, float) / 255
    light = np.linspace(-shade, shade, stencil.width)
    picture = 200 - 130 * ink + light + random.normal(0, noise, ink.shape)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def dusty(stencil):
    picture = ImageOps.invert(stencil)
    pen = ImageDraw.Draw(picture)
    for x, y in ((10, 12), (262, 40), (30, 250), (250, 255)):
        pen.rectangle((x, y, x + 4, y + 4), fill=0)
    return picture


def sixteen_bit(stencil):
    return Image.fromarray(np.asarray(stencil).astype(np.uint16) * 200 + 3000)


def rotated_by_tag(stencil):
    """Stored lying on its side, with the tag that says so."""
    lying = ImageOps.invert(stencil).transpose(Image.Transpose.ROTATE_90)
    lying.getexif()[0x0112] = 6
    return lying


RENDERINGS = {
    "light on dark": lambda stencil: stencil,
    "dark on light": ImageOps.invert,
    "one bit": lambda stencil: ImageOps.invert(stencil).convert("1"),
    "red on white": lambda stencil: coloured(stencil, "red", "white"),
    "yellow on blue": lambda stencil: coloured(stencil, "yellow", "blue"),
    "red on a green as light": lambda stencil: coloured(stencil, (200, 0, 0), (0, 102, 0)),
    "grey on grey": lambda stencil: coloured(stencil, (110, 110, 110), (150, 150, 150)),
    "palette": lambda stencil: coloured(stencil, "navy", "linen").convert("P"),
    "CMYK": lambda stencil: coloured(stencil, "navy", "linen").convert("CMYK"),
    "sixteen bit": sixteen_bit,
    "grey and alpha": lambda stencil: transparent(stencil, "black").convert("LA"),
    "black on nothing": lambda stencil: transparent(stencil, "black"),
    "white on nothing": lambda stencil: transparent(stencil, "white"),
    "grey on nothing": lambda stencil: transparent(stencil, "gray"),
    "cut out of white": lambda stencil: transparent(ImageOps.invert(stencil), "white"),
    "on a card": card,
    "in a corner": lambda stencil: pasted(stencil, (600, 20), (900, 500)),
    "tall and narrow": lambda stencil: pasted(stencil.crop((60, 50, 230, 240)), (5, 700), (180, 1000)),
    "photographed": photographed,
    "dusty": dusty,
    "rotated by its tag": rotated_by_tag,
}


def save(picture, folder):
    """As a file that keeps the picture's mode and its orientation tag."""
    path = folder / ("picture.tif" if picture.mode == "CMYK" else "picture.png")
    picture.save(path, exif=picture.getexif(), compress_level=1)
    return path


def similarity(one, other):
    """The correlation at the best of nine shifts: a centre of mass between two pixels may be rounded either way."""
    shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return max(np.corrcoef(np.roll(one, shift, (0, 1)).ravel(), other.ravel())[0, 1] for shift in shifts)


def in_mnist_s_form(stencil):
    """What the drawing should become, said with Pillow's tools: box, scale, place."""
    cut = stencil.crop(stencil.getbbox())
    scale = 20 / max(cut.size)
    small = cut.resize((round(cut.width * scale), round(cut.height * scale)), Image.Resampling.BOX)
    mass = np.asarray(small, float)
    down, right = (mass.sum(axis=1 - axis) @ np.arange(mass.shape[axis]) / mass.sum() for axis in (0, 1))
    whole = Image.new("L", (28, 28))
    whole.paste(small, (round(14 - right), round(14 - down)))
    return np.asarray(whole)


@pytest.mark.parametrize("name", list(RENDERINGS))
def test_one_drawing_is_the_same_digit_however_it_is_rendered(tmp_path, name):
    digit = read_picture(save(RENDERINGS[name](draw_seven()), tmp_path))
    assert similarity(digit, in_mnist_s_form(draw_seven())) > 0.95


@pytest.mark.parametrize("name", list(RENDERINGS))
@pytest.mark.parametrize("side", [70, 280])
def test_what_comes_out_is_in_mnist_s_form(tmp_path, name, side):
    if name in ("dusty", "tall and narrow") and side != 280:
        pytest.skip("placed for the large drawing")
    digit = read_picture(save(RENDERINGS[name](draw_seven(side)), tmp_path))
    assert digit.shape == (28, 28)
    assert digit.dtype == np.uint8
    assert digit.max() >= 250
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
    down, right = (digit.sum(axis=1 - axis) @ np.arange(28) / digit.sum() for axis in (0, 1))
    assert abs(down - 14) <= 0.5
    assert abs(right - 14) <= 0.5


def test_a_drawing_much_larger_or_smaller_is_the_same_digit(tmp_path):
    usual = read_picture(save(draw_seven(280), tmp_path))
    for side in (56, 140, 1000, 3000):
        assert similarity(usual, read_picture(save(draw_seven(side), tmp_path))) > 0.9


def test_a_thin_stroke_is_made_visible(tmp_path):
    picture = Image.new("L", (400, 400), "white")
    ImageDraw.Draw(picture).line((200, 50, 200, 350), fill="black", width=1)
    assert (read_picture(save(picture, tmp_path))[6:22, 14] > 200).all()


def test_a_light_halo_of_jpeg_is_not_taken_for_ink(tmp_path):
    picture = ImageOps.invert(draw_seven()).filter(ImageFilter.GaussianBlur(1))
    picture.save(tmp_path / "seven.jpg", quality=30)
    assert similarity(read_picture(tmp_path / "seven.jpg"), read_picture(save(draw_seven(), tmp_path))) > 0.95


@pytest.mark.mnist
def test_a_picture_in_mnist_s_form_comes_out_as_it_is(mnist, tmp_path):
    for digit in mnist.test.images[:100, 0].numpy():
        for picture in (digit, 255 - digit):
            assert (read_picture(save(Image.fromarray(picture), tmp_path)) == digit).all()


WAYS = ["dark on light", "yellow on blue", "black on nothing", "on a card", "in a corner", "photographed"]


@pytest.mark.mnist
@pytest.mark.parametrize("name", WAYS)
def test_mnist_digits_drawn_large_and_differently_come_back_close_to_what_they_were(mnist, tmp_path, name):
    close = []
    for digit in mnist.test.images[:25, 0].numpy():
        large = Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC)
        back = read_picture(save(RENDERINGS[name](large), tmp_path))
        close.append(similarity(digit, back))
    assert np.mean(close) > 0.96
    assert np.min(close) > 0.85


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("L", (28, 28)),
        Image.new("RGB", (300, 200), "white"),
        Image.new("RGBA", (50, 50)),
        Image.new("1", (1, 1)),
        Image.fromarray(np.random.default_rng(0).normal(128, 20, (90, 90)).clip(0, 255).astype(np.uint8)),
        Image.fromarray(np.tile(np.linspace(90, 160, 200), (100, 1)).astype(np.uint8)),
    ],
    ids=["black", "white", "transparent", "one pixel", "noise", "shade"],
)
def test_a_blank_picture_is_an_error(tmp_path, picture):
    path = save(picture, tmp_path)
    with pytest.raises(TersenetError, match="blank") as caught:
        read_picture(path)
    assert caught.value.where == path


FORMATS = {"PNG": "L", "JPEG": "RGB", "GIF": "P", "BMP": "RGB", "TIFF": "RGB", "WEBP": "RGB"}


@pytest.mark.parametrize("kind", list(FORMATS))
def test_a_truncated_or_damaged_picture_is_an_error_or_a_picture(tmp_path, kind):
    """Wherever it is cut or changed: never another exception, never another shape."""
    held = io.BytesIO()
    draw_seven(64).convert(FORMATS[kind]).save(held, kind)
    whole = held.getvalue()
    path = tmp_path / "picture"
    random = np.random.default_rng(0)
    cuts = [whole[:length] for length in np.linspace(0, len(whole) - 1, 25).astype(int)]
    damaged = []
    for _ in range(40):
        changed = bytearray(whole)
        changed[random.integers(len(changed))] = random.integers(256)
        damaged.append(bytes(changed))
    refused = 0
    for content in cuts + damaged:
        path.write_bytes(content)
        try:
            assert read_picture(path).shape == (28, 28)
        except TersenetError as error:
            refused += error.where == path
    assert refused >= 10


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.mark.parametrize("side", [8_000, 20_000, 2_000_000_000])
def test_a_picture_with_gigantic_dimensions_is_refused_before_it_is_unpacked(tmp_path, side):
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    start = time.perf_counter()
    with pytest.raises(TersenetError, match="too large") as caught:
        read_picture(path)
    assert time.perf_counter() - start < 1
    assert caught.value.where == path


def test_floats_near_the_limit_of_their_range_are_read(tmp_path):
    picture = np.full((40, 40), -3.3e38, np.float32)
    picture[10:30, 18:22] = 3.3e38
    Image.fromarray(picture).save(tmp_path / "large.tif")
    picture = np.zeros((40, 40), np.uint8)
    picture[10:30, 18:22] = 255
    Image.fromarray(picture).save(tmp_path / "usual.png")
    assert (read_picture(tmp_path / "large.tif") == read_picture(tmp_path / "usual.png")).all()


def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(TersenetError, match="not a file"):
        read_picture(tmp_path / "pipe.png")


def test_a_picture_is_read_once_with_its_original_beside_it(tmp_path):
    picture = Image.new("RGBA", (1400, 700), (255, 255, 255, 255))
    picture.paste("navy", (650, 150, 720, 550))
    picture.save(tmp_path / "one.png")
    found = open_picture(tmp_path / "one.png")
    assert (found.image == read_picture(tmp_path / "one.png")).all()
    assert found.original.shape == (350, 700, 3)
    assert found.original[175, 340].tolist() == [0, 0, 128]
    assert found.second_mark == 0


def test_a_second_mark_beside_the_digit_is_measured_and_a_part_above_it_is_none(tmp_path):
    for name, boxes, expected in (
        ("eleven", [(60, 50, 80, 150), (120, 50, 140, 150)], 1.0),
        ("one and a dash", [(60, 50, 80, 150), (120, 90, 140, 115)], 0.25),
        ("dotted", [(60, 50, 80, 70), (60, 80, 80, 150)], 0.0),
    ):
        picture = Image.new("L", (200, 200), 255)
        for box in boxes:
            picture.paste(0, box)
        picture.save(tmp_path / "marks.png")
        assert open_picture(tmp_path / "marks.png").second_mark == pytest.approx(expected, abs=0.05), name


def test_what_is_no_picture_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    for path, problem in (
        (tmp_path / "text.png", "not a picture"),
        (tmp_path / "none.png", "no such picture"),
        (tmp_path, "folder"),
    ):
        with pytest.raises(TersenetError, match=problem) as caught:
            read_picture(path)
        assert caught.value.where == path
        assert str(tmp_path) not in str(caught.value.got)


def tight(digit, *, least=1):
    """The digit's own box: pixels of `least` and more."""
    rows, columns = (np.flatnonzero((digit >= least).any(axis=axis)) for axis in (1, 0))
    return digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def in_a_frame(digit):
    return np.pad(np.pad(np.pad(digit, 6), 2, constant_values=200), 3)


def at_a_frame(digit):
    return np.pad(np.pad(digit, 6), 1, constant_values=255)


WAYS_OF_A_SCAN = {
    "tight": tight,
    "tight, dark on light": lambda digit: 255 - tight(digit),
    "in a frame": in_a_frame,
    "at a frame": at_a_frame,
}


@pytest.mark.mnist
@pytest.mark.parametrize("way", list(WAYS_OF_A_SCAN))
def test_a_thousand_digits_cropped_or_framed_are_read_as_well_as_whole_ones(mnist, way):
    from tersenet.data import MNIST_FORM
    from tersenet.data.formats.mnist_form import to_mnist_form
    from tersenet.runs import packaged_run

    labels, model = mnist.test.labels[:1000], packaged_run("stem-17150").model()

    def correct(change):
        images = [
            to_mnist_form(np.repeat((change(digit).astype(np.float32) / 255)[:, :, None], 3, axis=2))
            for digit in mnist.test.images[:1000, 0].numpy()
        ]  # none is called blank: that would be an error
        with torch.no_grad():
            guess = model(MNIST_FORM.network_input(torch.from_numpy(np.stack(images))[:, None])).argmax(dim=1)
        return int((guess == labels).sum())

    assert correct(WAYS_OF_A_SCAN[way]) >= correct(lambda digit: digit) - 10


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_scans_of_more_bits_are_read_in_their_range(tmp_path, bits):
    eight = np.asarray(draw_seven().convert("L"), np.uint16)
    deep = (eight.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert similarity(read_picture(tmp_path / "deep.png"), read_picture(save(draw_seven(), tmp_path))) > 0.999


def test_a_blank_picture_says_what_it_lacks(tmp_path):
    faint = np.full((60, 60), 200, np.uint8)
    faint[20:40, 28:32] = 190
    shade = np.tile(np.arange(90, 160, dtype=np.uint8), (70, 1))
    for picture, expected in (
        (faint, r"3\.9%.*\n.*8% of black to white"),
        (shade, r"a shade.*\n.*80%"),
    ):
        with pytest.raises(TersenetError, match=f"blank.*\n.*{expected}"):
            read_picture(save(Image.fromarray(picture), tmp_path))
