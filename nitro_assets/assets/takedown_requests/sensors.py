"""Where takedown requests come in, and what time does to them."""

import dagster as dg

RUNNING = dg.DefaultSensorStatus.RUNNING


@dg.sensor(target=["takedown_requests"], minimum_interval_seconds=30, default_status=RUNNING)
def takedown_inbox() -> dg.SensorResult | dg.SkipReason:
    """Take in the request files of the inbox."""
    from nitro_assets.assets.takedown_requests.ticks import take_in_files

    return take_in_files()


@dg.sensor(target=["takedown_requests"], minimum_interval_seconds=60, default_status=RUNNING)
def takedown_issues(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Take in, answer and close the issues of NITRO_GITHUB_REPO."""
    from nitro_assets.assets.takedown_requests.ticks import take_in_issues

    return take_in_issues(context)


@dg.sensor(target=["takedown_requests"], minimum_interval_seconds=300, default_status=RUNNING)
def takedown_clock() -> dg.SensorResult | dg.SkipReason:
    """Let unverified quarantines lapse, look for owners' tokens, quarantine what its creator took down elsewhere.

    Asks for a run where a request can go on: rebuilt ones are reported, recovery bundles end with their time.
    """
    from nitro_assets.assets.takedown_requests.ticks import pass_time

    return pass_time()
