//! HTTP of the listener and of each dialect: errors, input, pagination, rate limits, TLS.

mod bodies;
mod cors;
mod early_answers;
mod error_renderer;
mod head;
mod hosts;
mod listener;
mod paths;
mod phone_com_errors;
mod rate_limits;
mod seam_errors;
mod seam_input;
mod seam_pagination;
mod tls;
mod ucwa_check_order;
mod ucwa_responses;
