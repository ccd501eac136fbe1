"""Why a file cannot become a picture."""


class ImageRejected(Exception):
    """The bytes are no picture that the shop accepts; `code` is stable, `message` is fit for the customer.

    Codes: `empty`, `unsupported_type`, `too_many_pixels`, `unreadable`, `too_complex`, `nothing_drawn`, `locked`.
    `detail` is for the log alone.
    """

    def __init__(self, code: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail


def too_many_pixels(max_pixels: int) -> ImageRejected:
    """The refusal of a picture whose header already says more than `max_pixels`."""
    return ImageRejected(
        "too_many_pixels",
        f"The picture is larger than {max_pixels // 1_000_000} megapixels; please send a smaller one.",
    )


def unreadable(detail: str = "") -> ImageRejected:
    """The refusal of a damaged file."""
    return ImageRejected("unreadable", "The picture is damaged or incomplete.", detail)


def too_complex(detail: str = "") -> ImageRejected:
    """The refusal of a file that costs more memory or time than any honest picture."""
    return ImageRejected(
        "too_complex",
        "The file takes too much time or memory to open. Please send a simpler one, or a PNG.",
        detail,
    )
