"""The wearable's schematic: text in hardware/wearable/, its rules, and what is made of it."""
