"""Town life: forty cases, planned from a seed and carried out as requests.

cases = plan(SEED)                    # pure: the same number is the same town
carry_out(town, cases, advance)       # through the public API, each step with the token of the person who takes it
"""

from devstack.town_life.terminal import lead_life, show_life

__all__ = ["lead_life", "show_life"]
