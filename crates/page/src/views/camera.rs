//! The camera's picture, and its buttons.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;

use super::{Now, Seen, View};
use crate::camera::{self, CameraEffect, CameraInput, Phase};
use crate::dom::{by_id, focus, focused, on_id, set_attribute, set_disabled, set_text, show};
use crate::inbox::{number, tell};
use crate::parts::Parts;
use crate::update::Input;

#[derive(Default)]
pub(super) struct Camera {
    seen: Seen<(camera::Camera, bool)>,
}

impl Camera {
    pub(super) fn open() -> Self {
        let on = |id: &str, input: fn() -> CameraInput| on_id(id, "click", move |_| tell(Input::Camera(input())));
        on("camera-open", || CameraInput::Open);
        on("camera-shoot", || CameraInput::Shoot);
        on("camera-close", || CameraInput::Close);
        on("camera-live", || {
            let question = by_id::<HtmlInputElement>("question").map(|input| input.value());
            CameraInput::Live(question.unwrap_or_default())
        });
        on_id("camera-pause", "click", |_| {
            let pressed = by_id::<web_sys::HtmlElement>("camera-pause");
            let paused = pressed.and_then(|button| button.get_attribute("aria-pressed"));
            tell(Input::Camera(CameraInput::Pause(paused.as_deref() != Some("true"))));
        });
        on_id("camera-stop", "click", |_| tell(Input::Stop));
        Self::default()
    }
}

impl View for Camera {
    fn show(&mut self, now: &Now<'_>) {
        let camera = &now.state.camera;
        if !self.seen.is_new((camera.clone(), now.state.loaded().is_some())) {
            return;
        }
        let (on, live) = (camera.phase == Phase::On, camera.live.is_some());
        let had = focused();
        show("camera", on || camera.phase == Phase::Asking);
        show("camera-open", camera.phase == Phase::Off);
        set_disabled("camera-open", false);
        for id in ["camera-shoot", "camera-live"] {
            show(id, !live);
            set_disabled(id, !on);
        }
        for id in ["camera-pause", "camera-stop"] {
            show(id, live);
        }
        let paused = camera.paused;
        set_attribute(
            "camera-pause",
            "aria-pressed",
            Some(if paused { "true" } else { "false" }),
        );
        set_text("camera-note", &note(camera));
        // A button that goes takes the focus with it.
        match had.as_deref() {
            Some("camera-open") if camera.phase == Phase::Asking => focus("camera-close"),
            Some("camera-close") if camera.phase == Phase::Off => focus("camera-open"),
            Some("camera-live") if live => focus("camera-pause"),
            Some("camera-pause" | "camera-stop") if !live && on => focus("camera-live"),
            _ => {}
        }
    }
}

fn note(camera: &camera::Camera) -> String {
    match (&camera.live, camera.phase) {
        _ if !camera.note.is_empty() => camera.note.clone(),
        (_, Phase::Asking) => "Your browser asks whether this page may use the camera.".into(),
        (Some(question), _) => {
            let doing = if camera.paused { "Paused" } else { "Live" };
            format!("{doing}: “{question}”, {} pictures answered.", camera.frames)
        }
        _ => String::new(),
    }
}

/// Has the browser do something with the camera.
pub(crate) fn act(parts: &Parts, effect: CameraEffect) {
    let parts = parts.clone();
    let tell = |input| tell(Input::Camera(input));
    spawn_local(async move {
        match effect {
            CameraEffect::Open => {
                let ended = Closure::<dyn FnMut(String)>::new(move |why| tell(CameraInput::Failed(why)));
                let opened = parts.call("camera", "open", &[ended.into_js_value()]).await;
                tell(match opened {
                    Ok(_) => CameraInput::Opened,
                    Err(why) => CameraInput::Failed(why),
                });
            }
            CameraEffect::Shoot => tell(match parts.call("camera", "shoot", &[]).await {
                Ok(file) => CameraInput::Frame {
                    number: number(),
                    bytes: Uint8Array::new(&file).to_vec(),
                },
                Err(why) => CameraInput::Failed(why),
            }),
            CameraEffect::Close => {
                // Whatever comes of it, the visitor has left it.
                let _ = parts.call("camera", "close", &[]).await;
            }
        }
    });
}
