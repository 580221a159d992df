"""The chip's parts: the only files that import machine, network, esp32, os, socket and time.

This folder is no package on the board. The chip's MicroPython has a built-in module named
esp32, and a built-in always wins over a folder of the same name, so `import esp32.clock`
fails there (and on the virtual board). main.py therefore puts the folder itself on the path:

    sys.path.append("/esp32")
    from clock import Clock

Each file holds one class with the methods of its port; tests/test_ports_same_methods.py keeps
them the same as the simulated parts in tools/trygg_tools/rig/.
"""
