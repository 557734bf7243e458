"""`sidecar demo`: the sidecar at work between a simulated application and simulated providers."""

import argparse
import os

CHAOS = ("calm", "normal", "storm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags. Each has a variable `SIDECAR_DEMO_<FLAG>` for its default."""
    parser.add_argument(
        "--duration",
        type=_positive,
        default=_variable("DURATION", "20"),
        metavar="SECONDS",
        help="how long the load runs (default: 20)",
    )
    parser.add_argument(
        "--rate",
        type=_positive,
        default=_variable("RATE", "20"),
        metavar="PER_SECOND",
        help="requests that the application gets; each makes about 5 calls (default: 20)",
    )
    parser.add_argument(
        "--chaos",
        type=_chaos,
        metavar="|".join(CHAOS),
        default=_variable("CHAOS", "normal"),
        help="how often providers are in trouble (default: normal)",
    )
    parser.add_argument(
        "--time-scale",
        type=_positive,
        default=_variable("TIME_SCALE", "1"),
        metavar="FACTOR",
        help="factor on simulated delays and on all timeouts (default: 1)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=_variable("SEED", "8"),
        help="the same seed brings the same requests and the same luck (default: 8)",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        default=_flag("ONCE"),
        help="end after the load instead of staying up",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=_flag("JSON"),
        help="print the figures as JSON and end; progress goes to standard error",
    )


def execute(args: argparse.Namespace) -> int:
    """Run the demonstration until it ends or Ctrl-C; the exit code."""
    import asyncio

    from sidecar.demo.show import Options, show

    return asyncio.run(
        show(
            Options(
                duration=args.duration,
                rate=args.rate,
                seed=args.seed,
                chaos=args.chaos,
                time_scale=args.time_scale,
                once=args.once,
                json=args.json,
            )
        )
    )


def _positive(text: str) -> float:
    """A number above 0, for argparse."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def _chaos(text: str) -> str:
    """One of CHAOS, for argparse; unlike `choices` it also checks the variable."""
    if text not in CHAOS:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(CHAOS)}")
    return text


def _variable(name: str, default: str) -> str:
    """The default as text: argparse applies the flag's `type` to it."""
    return os.environ.get(f"SIDECAR_DEMO_{name}", default)


def _flag(name: str) -> bool:
    return _variable(name, "").lower() not in {"", "0", "false", "no"}
