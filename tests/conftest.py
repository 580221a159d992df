"""Every property is asked the same questions in each run, however slow the machine.

Hypothesis draws its examples from the test's own text, so what passed passes again; no example has
a deadline, and slow drawing (a clean checkout makes a table of all of Unicode first) is no failure.
Other questions: `pytest --hypothesis-profile=search`, as often as you like.
"""

from hypothesis import HealthCheck, settings

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", PATIENT)
settings.register_profile("same", PATIENT, derandomize=True)
settings.load_profile("same")
