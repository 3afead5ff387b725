"""What may be decided: pure rules. No input or output, no clock, no settings.

Each agency knows the same thing by a name of its own, so that no two agencies can join what they hold:

>>> from uuid import UUID
>>> from kernel.pairwise import pairwise
>>> case_key, referral_ref = bytes(range(32)), UUID("6f1c1c5e-4f5c-4f59-9d5c-0c2f6f0f7a11")
>>> pairwise(case_key, "harbor-house", referral_ref)
UUID('35740097-7f8a-865e-9337-04c32bce3a3b')
>>> pairwise(case_key, "bay-hotline", referral_ref) == pairwise(case_key, "harbor-house", referral_ref)
False
"""
