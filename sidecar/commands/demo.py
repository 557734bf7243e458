"""`sidecar demo`: the sidecar at work between a simulated application and simulated providers."""

import argparse

from sidecar.commands import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.value(
        parser,
        "--duration",
        env="SIDECAR_DEMO_DURATION",
        metavar="SECONDS",
        text="how long the load runs",
        default="20",
        kind=options.positive(),
    )
    options.value(
        parser,
        "--rate",
        env="SIDECAR_DEMO_RATE",
        metavar="PER_SECOND",
        text="requests to the application; each makes about 5 calls",
        default="20",
        kind=options.positive(),
    )
    options.value(
        parser,
        "--chaos",
        env="SIDECAR_DEMO_CHAOS",
        metavar="LEVEL",
        text="how often providers are in trouble: calm, normal or storm",
        default="normal",
        kind=options.one_of("calm", "normal", "storm"),
    )
    options.value(
        parser,
        "--time-scale",
        env="SIDECAR_DEMO_TIME_SCALE",
        metavar="FACTOR",
        text="factor on simulated delays and on all timeouts",
        default="1",
        kind=options.positive(),
    )
    options.value(
        parser,
        "--seed",
        env="SIDECAR_DEMO_SEED",
        metavar="N",
        text="the same seed brings the same requests and the same luck",
        default="8",
        kind=_whole,
    )
    options.switch(
        parser, "--once", env="SIDECAR_DEMO_ONCE", text="end after the load instead of staying up"
    )
    options.switch(
        parser,
        "--json",
        env="SIDECAR_DEMO_JSON",
        text="print the figures as JSON and end; progress goes to standard error",
    )


def execute(args: argparse.Namespace) -> int:
    """Run the demonstration until it ends or Ctrl-C; 1 if the sidecar did not start or ended."""
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


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, not {text!r}") from None
