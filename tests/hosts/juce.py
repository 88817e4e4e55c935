# Plays music through a VST3 bundle in JUCE's host, which the Python package pedalboard brings.
# Called as: juce.py BUNDLE INPUT OUTPUT RATE CHANNELS, where INPUT holds interleaved 32-bit floats and OUTPUT gets
# what the plugin makes of them. Prints what the host learnt of the plugin, as JSON.

import json
import sys

import numpy
import pedalboard

bundle, source, target, rate, channels = sys.argv[1:]
music = numpy.fromfile(source, dtype="<f4").reshape(-1, int(channels)).T
plugin = pedalboard.load_plugin(bundle)
# Blocks of another length than 2^n, as hosts send them at loop points and the ends of songs.
heard = plugin.process(music, sample_rate=float(rate), buffer_size=480, reset=True)
heard.T.astype("<f4").tofile(target)
print(json.dumps({
    "name": plugin.name,
    "vendor": plugin.manufacturer_name,
    "category": plugin.category,
    "version": plugin.version,
    "identifier": plugin.identifier,
    "parameters": sorted(plugin.parameters.keys()),
    "latency": plugin.reported_latency_samples,
}))
