"""Systems of others under the same kills as ours: what they acknowledged, and what arrived."""
