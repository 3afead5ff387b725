"""Sealing: a body opens category by category, as far as a mask permits, and not at all once its key is shredded.

>>> from uuid import UUID
>>> from kernel.sealing import seal
>>> from kernel.sealing.envelope import Sealed
>>> from schemas.categories import DataCategory
>>> from schemas.taxonomy import category_mask
>>> message_ref, key, type_name = UUID(int=1), seal.new_key(), "accord.referral.created.v1"
>>> parts = {DataCategory.IDENTITY: {"given_name": "M"}, DataCategory.NEEDS: {"languages": ["es"]}}
>>> body = seal.seal(message_ref, "harbor-house", type_name, parts, key)
>>> sealed = Sealed(message_ref, "harbor-house", type_name, 0, body)
>>> seal.unseal(sealed, category_mask(DataCategory.IDENTITY), key)
{<DataCategory.IDENTITY: 'identity'>: {'given_name': 'M'}}
"""
