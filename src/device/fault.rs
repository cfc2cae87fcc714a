//! What a device reports on its callbacks: kept until somebody asks.

use std::sync::{Arc, Mutex};

use super::Gpu;
use crate::error::{Error, Result};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Fault {
    lost: Option<String>,
    /// The first error, until it is raised.
    error: Option<String>,
}

impl Fault {
    /// Keeps what a device will report.
    pub(super) fn watch(device: &wgpu::Device) -> Arc<Mutex<Fault>> {
        let fault = Arc::new(Mutex::new(Fault::default()));
        let (here, lost) = (fault.clone(), fault.clone());
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| {
            let mut fault = here.lock().unwrap_or_else(|e| e.into_inner());
            let message = || format!("the device reported an error: {e}");
            fault.error.get_or_insert_with(message);
        }));
        device.set_device_lost_callback(move |_, message| {
            let mut fault = lost.lock().unwrap_or_else(|e| e.into_inner());
            let text = match message.trim().trim_end_matches('.') {
                "" => "the device was lost".to_string(),
                why => format!("the device was lost: {why}"),
            };
            fault.lost.get_or_insert(text);
        });
        fault
    }
}

impl Gpu {
    /// Raises what the device reported on its callbacks since the last call.
    ///
    /// # Errors
    /// Device lost, out of memory, or a validation error, as the driver words it. A lost device is lost
    /// for good, and what it makes of further calls says less than that.
    pub fn check(&self) -> Result<()> {
        let faults = || self.fault.lock().unwrap_or_else(|e| e.into_inner());
        let error = faults().error.take();
        if error.is_some() {
            // A device that is lost refuses calls before it says why: that comes with the next poll, whose
            // own result says no more.
            let _ = self.device.poll(wgpu::PollType::Poll);
        }
        let fault = faults();
        match (&fault.lost, error) {
            (Some(message), _) => Err(Error::Lost(message.clone())),
            (None, Some(message)) => Err(Error::Device(message)),
            (None, None) => Ok(()),
        }
    }

    /// As if the driver had taken it away.
    pub(crate) fn lose(&self) {
        self.device.destroy();
    }
}
