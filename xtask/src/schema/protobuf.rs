use anyhow::{Result, bail};

/// One field of a message in protocol buffers' wire format.
pub(crate) struct Field<'b> {
    pub(crate) number: u64,
    /// Of a length-delimited field; empty for any other, none of which we need.
    pub(crate) bytes: &'b [u8],
}

/// The fields of a message in their order.
pub(crate) fn fields(mut message: &[u8]) -> Result<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let bytes = match tag & 7 {
            0 => {
                varint(&mut message)?;
                &[]
            }
            1 => fixed(&mut message, 8)?,
            2 => {
                let length = usize::try_from(varint(&mut message)?)?;
                fixed(&mut message, length)?
            }
            5 => fixed(&mut message, 4)?,
            other => bail!("wire type {other} is not one that proto3 writes"),
        };
        let number = tag >> 3;
        fields.push(Field { number, bytes });
    }
    Ok(fields)
}

/// The first length-delimited field of this number.
pub(crate) fn first(message: &[u8], number: u64) -> Result<Option<&[u8]>> {
    let found = fields(message)?
        .into_iter()
        .find(|field| field.number == number);
    Ok(found.map(|field| field.bytes))
}

/// A string field, empty when it is missing.
pub(crate) fn text(message: &[u8], number: u64) -> Result<String> {
    let bytes = first(message, number)?.unwrap_or_default();
    Ok(String::from_utf8(bytes.to_vec())?)
}

fn varint(message: &mut &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = fixed(message, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    bail!("a number of more than 64 bits")
}

fn fixed<'b>(message: &mut &'b [u8], length: usize) -> Result<&'b [u8]> {
    let Some((bytes, rest)) = message.split_at_checked(length) else {
        bail!("the message ends within a field");
    };
    *message = rest;
    Ok(bytes)
}
