-- Ardour without a window: Echometer's VST3 on a track that hears a sine, while the transport rolls.
-- Called as: ardourN-lua ardour.lua FOLDER, with the bundle in $HOME/.vst3 and scanned. Ends with a line "passed".

-- Shown as it comes, so that a hang or a crash says where.
io.stdout:setvbuf("no")

local folder = assert(arg[1], "no folder for the session is named")

-- Audio without a sound card: the backend plays a sine into every input.
local backend = assert(AudioEngine:set_backend("None (Dummy)", "", ""), "no dummy backend")
assert(backend:set_device_name("Sine Wave") == 0, "the dummy backend plays no sine")
local session = assert(create_session(folder, "echometer", 48000), "no session")
assert(AudioEngine:running(), "the audio engine does not run")

local tracks = session:new_audio_track(2, 2, nil, 1, "music", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
local track = tracks:front()
track:input():disconnect_all(nil)
for channel, source in ipairs({ "system:capture_1", "system:capture_2" }) do
	assert(track:input():audio(channel - 1):connect(source) == 0, "no " .. source)
end
track:monitoring_control():set_value(1, PBD.GroupControlDisposition.NoGroup)

-- The meter after all plugins, in dB: its first channel of audio, which comes after those of MIDI.
local midi = 0
local function level()
	return track:peak_meter():meter_level(midi, ARDOUR.MeterType.MeterPeak)
end

-- Rolls for a while and returns the highest level of it and how many samples went by.
local function roll(seconds)
	local before, highest = session:transport_sample(), -1000
	session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
	for _ = 1, seconds * 10 do
		ARDOUR.LuaAPI.usleep(100000)
		highest = math.max(highest, level())
	end
	session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
	ARDOUR.LuaAPI.usleep(300000)
	return highest, session:transport_sample() - before
end

local without = roll(2)
print(string.format("without the plugin: %.2f dB", without))
assert(without > -60, "the track hears no sine, so there is nothing to be tested")

local plugin = ARDOUR.LuaAPI.new_plugin(session, "Echometer", ARDOUR.PluginType.VST3, "")
assert(not plugin:isnil(), "Ardour does not know the plugin Echometer")
assert(track:add_processor_by_index(plugin, 0, nil, true) == 0, "the track does not take the plugin")
local insert = track:nth_plugin(0):to_insert()
print("plugin:", insert:plugin(0):name(), "by", insert:plugin(0):maker(), insert:plugin(0):parameter_count(), "parameters")
assert(insert:enabled(), "the plugin is switched off")
midi = insert:output_streams():n_midi()
print(string.format("it gives %d channels of audio and %d of MIDI", insert:output_streams():n_audio(), midi))

local with, samples = roll(4)
print(string.format("with the plugin: %.2f dB, %d samples rolled", with, samples))
assert(samples > 2 * 48000, "the transport did not roll")
assert(math.abs(with - without) < 0.01, "the plugin changes the level")

session:save_state("")
print("passed")
close_session()
quit()
