//! Who makes instances, and the library's entry points.

use std::ffi::{c_char, c_void};

use nice_plug::prelude::Plugin;
use nice_plug::wrapper::setup_logger;
#[cfg(target_os = "linux")]
use parking_lot::Mutex;
use vst3::Steinberg::Vst::ComponentFlags_;
use vst3::Steinberg::{
    FIDString, FUnknown, IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3,
    IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo_::ClassCardinality_, PClassInfo2,
    PClassInfoW, PFactoryInfo, PFactoryInfo_::FactoryFlags_, TUID, kInvalidArgument, kNoInterface, kResultOk,
    tresult,
};
use vst3::{Class, ComWrapper};
#[cfg(target_os = "linux")]
use vst3::{ComPtr, ComRef, Steinberg::Linux::IRunLoop};

use super::answer;
use super::effect::Effect;
use super::text::{put, put_wide};
use crate::plugin::Echometer;

/// Sixteen bytes that projects know the plugin by.
const VST3_CLASS_ID: [u8; 16] = *b"EchometerMetersA";

/// What it is, in the format's words.
const VST3_SUBCATEGORIES: &str = "Fx|Analyzer";

/// The version of the interfaces, as they name themselves.
const VST3_SDK: &str = "VST 3.8.0";

/// What the format calls a plugin for audio.
const CATEGORY: &str = "Audio Module Class";

/// [`VST3_CLASS_ID`] as this system lays an identifier out: on Windows its first three numbers are little endian.
const fn class_id() -> TUID {
    let order: [usize; 16] = if cfg!(windows) {
        [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    } else {
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    };
    let mut id = [0; 16];
    let mut at = 0;
    while at < 16 {
        id[at] = VST3_CLASS_ID[order[at]] as c_char;
        at += 1;
    }
    id
}

#[derive(Default)]
struct Factory {
    /// The host's run loop, for views whose frames have none.
    #[cfg(target_os = "linux")]
    run_loop: Mutex<Option<ComPtr<IRunLoop>>>,
}

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        // SAFETY: null, or the host's to fill in.
        let Some(info) = (unsafe { info.as_mut() }) else {
            return kInvalidArgument;
        };
        *info = PFactoryInfo {
            vendor: [0; 64],
            url: [0; 256],
            email: [0; 128],
            flags: FactoryFlags_::kUnicode as i32,
        };
        put(&mut info.vendor, Echometer::VENDOR);
        put(&mut info.url, Echometer::URL);
        put(&mut info.email, Echometer::EMAIL);
        kResultOk
    }

    unsafe fn countClasses(&self) -> i32 {
        1
    }

    unsafe fn getClassInfo(&self, index: i32, info: *mut PClassInfo) -> tresult {
        // SAFETY: null, or the host's to fill in.
        let (0, Some(info)) = (index, unsafe { info.as_mut() }) else {
            return kInvalidArgument;
        };
        *info = PClassInfo {
            cid: class_id(),
            cardinality: ClassCardinality_::kManyInstances as i32,
            category: [0; 32],
            name: [0; 64],
        };
        put(&mut info.category, CATEGORY);
        put(&mut info.name, Echometer::NAME);
        kResultOk
    }

    unsafe fn createInstance(
        &self,
        class: FIDString,
        interface: FIDString,
        object: *mut *mut c_void,
    ) -> tresult {
        answer(|| {
            // SAFETY: null, or sixteen bytes each and a place for a pointer.
            let (wanted, object) = unsafe { (class.cast::<TUID>().as_ref(), object.as_mut()) };
            let (Some(wanted), Some(object), false) = (wanted, object, interface.is_null()) else {
                return kInvalidArgument;
            };
            *object = std::ptr::null_mut();
            if *wanted != class_id() {
                return kNoInterface;
            }
            let effect = Effect::new();
            #[cfg(target_os = "linux")]
            {
                *effect.shared.host.run_loop.lock() = self.run_loop.lock().clone();
            }
            let Some(effect) = ComWrapper::new(effect).to_com_ptr::<FUnknown>() else {
                return kNoInterface;
            };
            let this = effect.as_ptr();
            // SAFETY: the object lives until this returns; whoever is given an interface of it has a reference of its own.
            unsafe {
                let calls = &*(*this).vtbl;
                (calls.queryInterface)(this, interface.cast(), object)
            }
        })
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: i32, info: *mut PClassInfo2) -> tresult {
        // SAFETY: null, or the host's to fill in.
        let (0, Some(info)) = (index, unsafe { info.as_mut() }) else {
            return kInvalidArgument;
        };
        *info = PClassInfo2 {
            cid: class_id(),
            cardinality: ClassCardinality_::kManyInstances as i32,
            category: [0; 32],
            name: [0; 64],
            classFlags: ComponentFlags_::kSimpleModeSupported as u32,
            subCategories: [0; 128],
            vendor: [0; 64],
            version: [0; 64],
            sdkVersion: [0; 64],
        };
        put(&mut info.category, CATEGORY);
        put(&mut info.name, Echometer::NAME);
        put(&mut info.subCategories, VST3_SUBCATEGORIES);
        put(&mut info.vendor, Echometer::VENDOR);
        put(&mut info.version, Echometer::VERSION);
        put(&mut info.sdkVersion, VST3_SDK);
        kResultOk
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: i32, info: *mut PClassInfoW) -> tresult {
        // SAFETY: null, or the host's to fill in.
        let (0, Some(info)) = (index, unsafe { info.as_mut() }) else {
            return kInvalidArgument;
        };
        *info = PClassInfoW {
            cid: class_id(),
            cardinality: ClassCardinality_::kManyInstances as i32,
            category: [0; 32],
            name: [0; 64],
            classFlags: ComponentFlags_::kSimpleModeSupported as u32,
            subCategories: [0; 128],
            vendor: [0; 64],
            version: [0; 64],
            sdkVersion: [0; 64],
        };
        put(&mut info.category, CATEGORY);
        put_wide(&mut info.name, Echometer::NAME);
        put(&mut info.subCategories, VST3_SUBCATEGORIES);
        put_wide(&mut info.vendor, Echometer::VENDOR);
        put_wide(&mut info.version, Echometer::VERSION);
        put_wide(&mut info.sdkVersion, VST3_SDK);
        kResultOk
    }

    #[cfg(target_os = "linux")]
    unsafe fn setHostContext(&self, context: *mut FUnknown) -> tresult {
        answer(|| {
            // SAFETY: null, or an object of the host's, of which a reference is taken.
            let run_loop =
                unsafe { ComRef::from_raw(context) }.and_then(|context| context.cast::<IRunLoop>());
            let _old = std::mem::replace(&mut *self.run_loop.lock(), run_loop);
            kResultOk
        })
    }

    #[cfg(not(target_os = "linux"))]
    unsafe fn setHostContext(&self, _context: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// Where a host finds what makes instances.
#[unsafe(no_mangle)]
extern "system" fn GetPluginFactory() -> *mut c_void {
    let mut made = std::ptr::null_mut();
    answer(|| {
        let factory = ComWrapper::new(Factory::default()).to_com_ptr::<IPluginFactory>();
        made = factory.map_or(made, |factory| factory.into_raw().cast());
        kResultOk
    });
    made
}

fn enter() -> bool {
    let logged = answer(|| {
        setup_logger::<Echometer>();
        kResultOk
    });
    logged == kResultOk
}

/// What hosts call once before all else, and once after.
#[cfg(all(unix, not(target_os = "macos")))]
mod entry {
    #[unsafe(no_mangle)]
    extern "C" fn ModuleEntry(_library: *mut std::ffi::c_void) -> bool {
        super::enter()
    }

    #[unsafe(no_mangle)]
    extern "C" fn ModuleExit() -> bool {
        true
    }
}

/// What hosts call once before all else, and once after.
#[cfg(target_os = "macos")]
mod entry {
    #[unsafe(no_mangle)]
    extern "C" fn bundleEntry(_bundle: *mut std::ffi::c_void) -> bool {
        super::enter()
    }

    #[unsafe(no_mangle)]
    extern "C" fn bundleExit() -> bool {
        true
    }
}

/// What hosts call once before all else, and once after.
#[cfg(windows)]
mod entry {
    #[unsafe(no_mangle)]
    extern "system" fn InitDll() -> bool {
        super::enter()
    }

    #[unsafe(no_mangle)]
    extern "system" fn ExitDll() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use vst3::Steinberg::Vst::SDKVersionString;

    use super::*;

    #[test]
    fn the_version_is_that_of_the_interfaces() {
        // SAFETY: a constant that ends in a zero.
        let version = unsafe { CStr::from_ptr(SDKVersionString) };
        assert_eq!(version.to_str(), Ok(VST3_SDK));
    }
}
