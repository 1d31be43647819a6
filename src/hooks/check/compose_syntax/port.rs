//! `[[address:]published:]target[/protocol]`, with ranges.

use std::net::IpAddr;

/// What a short port says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    /// Of the host; None where it may be any.
    pub(super) address: Option<String>,
    /// First and last port of the host; None where it may be any.
    pub(super) ports: Option<(u16, u16)>,
    pub(super) udp: bool,
}

/// Reads a short port. None for one with a variable in it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Option<Result<Published, String>> {
    (!text.contains('$')).then(|| read(text))
}

fn read(text: &str) -> Result<Published, String> {
    let (places, protocol) = match text.split_once('/') {
        Some((places, protocol)) => (places, protocol.to_ascii_lowercase()),
        None => (text, "tcp".to_owned()),
    };
    if !["tcp", "udp", "sctp"].contains(&protocol.as_str()) {
        return Err(format!("{protocol:?} is no protocol"));
    }
    let (above, target) = match places.rsplit_once(':') {
        Some((above, target)) => (Some(above), target),
        None => (None, places),
    };
    let target = range(target)?;
    let (address, published) = match above {
        None => (None, None),
        Some(above) => match above.rsplit_once(':') {
            Some((address, published)) => (Some(address), Some(published)),
            // `::1` and its like have no port of their own.
            None => (None, Some(above)),
        },
    };
    let address = match address.map(|address| address.trim_matches(['[', ']'])) {
        Some(address) => {
            address
                .parse::<IpAddr>()
                .map_err(|_| format!("{address:?} is no address"))?;
            Some(address.to_owned())
        }
        None => None,
    };
    let ports = match published {
        Some("") if address.is_some() => None,
        Some(published) => Some(range(published)?),
        None => None,
    };
    let length = |(first, last): (u16, u16)| last - first;
    if let Some(ports) = ports
        && length(ports) != length(target)
        && length(target) != 0
    {
        return Err("the two ranges differ in length".to_owned());
    }
    Ok(Published {
        address,
        ports,
        udp: protocol == "udp",
    })
}

fn range(text: &str) -> Result<(u16, u16), String> {
    let one = |text: &str| {
        text.parse::<u16>()
            .map_err(|_| format!("{text:?} is no port"))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (one(first)?, one(last)?),
        None => (one(text)?, one(text)?),
    };
    if first > last {
        return Err(format!("{text} ends before it begins"));
    }
    Ok((first, last))
}
