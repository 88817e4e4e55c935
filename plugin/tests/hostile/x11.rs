//! A display that nobody sees, and a host's window on it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConfigureWindowAux, ConnectionExt, CreateWindowAux, EventMask, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
    KeyButMask, KeyPressEvent, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// An X server of its own; ended when it is dropped.
pub(crate) struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// `None` where there is no `Xvfb`.
    pub(crate) fn start() -> Option<Self> {
        let mut server = Command::new("Xvfb")
            // Without `-noreset` it starts again whenever nobody is connected, and drops who connects meanwhile.
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut number)
            .unwrap();
        let name = format!(":{}", number.trim());
        Some(Self { server, name })
    }

    /// Programs that are started so have their windows here.
    pub(crate) fn set_on(&self, command: &mut Command) {
        command
            .env("DISPLAY", &self.name)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

/// What the plugin's window is put into, on the display of this process.
pub(crate) struct Parent {
    connection: RustConnection,
    pub(crate) id: u32,
}

impl Parent {
    pub(crate) fn new() -> Self {
        let (connection, screen) = x11rb::connect(None).unwrap();
        let id = connection.generate_id().unwrap();
        let root = connection.setup().roots[screen].root;
        let look = CreateWindowAux::new();
        let kind = WindowClass::INPUT_OUTPUT;
        connection
            .create_window(0, id, root, 0, 0, 900, 700, 0, kind, 0, &look)
            .unwrap();
        connection.map_window(id).unwrap();
        // The answer tells that the server has done all of that.
        connection.get_geometry(id).unwrap().reply().unwrap();
        Self { connection, id }
    }
}

impl Parent {
    /// The size of the plugin's window, which is the only one in this.
    pub(crate) fn inside(&self) -> (i32, i32) {
        let inside = self.connection.query_tree(self.id).unwrap().reply().unwrap();
        let size = self.connection.get_geometry(inside.children[0]).unwrap();
        let size = size.reply().unwrap();
        (size.width.into(), size.height.into())
    }

    /// Gives the plugin's window another size, as a program that knows better does.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let inside = self.connection.query_tree(self.id).unwrap().reply().unwrap();
        let look = ConfigureWindowAux::new().width(width).height(height);
        self.connection
            .configure_window(inside.children[0], &look)
            .unwrap();
        // As above.
        self.connection.get_input_focus().unwrap().reply().unwrap();
    }

    /// Presses a key in the plugin's window, which is the only one in this.
    pub(crate) fn press(&self, key: char) {
        let setup = self.connection.setup();
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let keys = self.connection.get_keyboard_mapping(first, count).unwrap();
        let keys = keys.reply().unwrap();
        let mut codes = keys.keysyms.chunks(keys.keysyms_per_keycode.into());
        let place = codes.position(|meanings| meanings.first() == Some(&u32::from(key)));
        let inside = self.connection.query_tree(self.id).unwrap().reply().unwrap();
        let window = inside.children[0];
        for response_type in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            let event = KeyPressEvent {
                response_type,
                detail: first + place.unwrap() as u8,
                sequence: 0,
                time: 0,
                root: inside.root,
                event: window,
                child: 0,
                root_x: 5,
                root_y: 5,
                event_x: 5,
                event_y: 5,
                state: KeyButMask::default(),
                same_screen: true,
            };
            self.connection
                .send_event(false, window, EventMask::NO_EVENT, event)
                .unwrap();
        }
        // As above.
        self.connection.get_input_focus().unwrap().reply().unwrap();
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        self.connection.destroy_window(self.id).unwrap();
        // As above.
        self.connection.get_input_focus().unwrap().reply().unwrap();
    }
}
