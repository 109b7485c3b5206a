//! Signatures compared with another HMAC implementation's.

use super::*;

/// The secret of the specification's own example.
const EXAMPLE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// 24 bytes, counted up from 0.
const COUNTED: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn message(secrets: &[&str]) -> Message {
    Message {
        url: "https://receiver.example".to_owned(),
        message_id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
        body: br#"{"test": 2432232314}"#.to_vec(),
        secrets: secrets.iter().map(|text| Token::from((*text).to_owned())).collect(),
        may_reach_loopback: false,
    }
}

fn headers_of(message: &Message) -> Result<HeaderMap, Fault> {
    headers(message, DateTime::from_timestamp(1_614_265_330, 999_000_000).expect("a time"))
}

// The expected signatures were computed with Python's hmac and hashlib.
#[test]
fn each_secret_signs_under_svix_and_webhook_header_names() {
    let headers = headers_of(&message(&[EXAMPLE, COUNTED])).expect("signed");
    for family in ["svix", "webhook"] {
        assert_eq!(headers[&format!("{family}-id")], "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers[&format!("{family}-timestamp")], "1614265330");
        assert_eq!(
            headers[&format!("{family}-signature")],
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,/485aUtxlie+TIScVpHggMfqOB4so2KWb7+Gf727B44="
        );
    }
    assert_eq!(headers.len(), 6);
}

#[test]
fn an_empty_or_malformed_secret_is_refused_and_not_shown() {
    for secret in ["whsec_", "", "whsec_not*base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa"] {
        let fault = headers_of(&message(&[EXAMPLE, secret])).expect_err("not a key").to_string();
        assert_eq!(fault, "signing secret 2 is not whsec_ and base64: replace it");
    }
    assert!(matches!(headers_of(&message(&[])), Err(Fault::Unsigned)));
}

#[test]
fn a_message_id_with_a_line_break_is_refused() {
    let message = Message { message_id: "msg\r\nx: y".to_owned(), ..message(&[EXAMPLE]) };
    assert!(matches!(headers_of(&message), Err(Fault::MessageId)));
}
