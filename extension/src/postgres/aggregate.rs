//! What an aggregate gathers: bytes in the memory that Postgres gives its groups.
//!
//! There Postgres counts them against `work_mem`, so that hash aggregation knows when to spill; and they go with the group,
//! whether the query ends, fails or is cancelled. A Rust value would have to be dropped by a callback of that memory, and
//! what it holds would go uncounted.

use pgrx::pg_sys::{self, Datum};

use super::call::Call;
use super::values;
use crate::error::Error;

/// Bytes that a group is given at first: with many small groups, what is given for nothing adds up.
const FIRST_BYTES: usize = 128;

/// The bytes of one group, which grow to 1 GB at most.
#[derive(Clone, Copy)]
pub struct Gathered(pg_sys::StringInfo);

impl Gathered {
    /// An argument of type `internal`, which only our own functions make; `None` where it is NULL.
    pub fn argument(call: &Call, index: usize) -> Option<Self> {
        call.argument(index).map(|datum| Self(datum.cast_mut_ptr()))
    }

    /// Empty, in the memory of the group that the call is about.
    ///
    /// # Errors
    /// [`Error::NotAnAggregate`] when it is about none.
    pub fn of_group(call: &Call) -> Result<Self, Error> {
        let mut group = std::ptr::null_mut();
        // SAFETY: the call is in progress; the memory is that of the aggregate.
        unsafe {
            if pg_sys::AggCheckCallContext(call.info, &raw mut group) == 0 {
                return Err(Error::NotAnAggregate);
            }
            Ok(Self::within(group))
        }
    }

    /// What the group has gathered, the first argument; where that is NULL, nothing behind the version of what is to follow.
    ///
    /// # Errors
    /// [`Error::NotAnAggregate`] when the call is about no group.
    pub fn begun(call: &Call, version: u8) -> Result<Self, Error> {
        if let Some(gathered) = Self::argument(call, 0) {
            return Ok(gathered);
        }
        let mut gathered = Self::of_group(call)?;
        gathered.append(&[version]);
        Ok(gathered)
    }

    /// What the group has gathered, as it is; NULL where that is nothing.
    pub fn unchanged(call: &Call) -> Datum {
        Self::argument(call, 0).map_or_else(|| call.null(), Self::datum)
    }

    /// What two processes have gathered of one group, the first two arguments, as one: what is behind the version of the second
    /// follows the first.
    ///
    /// # Errors
    /// [`Error::NotAnAggregate`] when the call is about no group.
    pub fn joined(call: &Call, version: u8) -> Result<Datum, Error> {
        let Some(added) = Self::argument(call, 1) else {
            return Ok(Self::unchanged(call));
        };
        let mut gathered = Self::begun(call, version)?;
        gathered.append(added.bytes().get(1..).unwrap_or_default());
        Ok(gathered.datum())
    }

    /// Empty, in memory that lasts for this call and what is done with its result.
    pub fn passing() -> Self {
        // SAFETY: there always is a current context.
        unsafe { Self::within(pg_sys::CurrentMemoryContext) }
    }

    /// # Safety
    /// The context must outlive the result.
    unsafe fn within(context: pg_sys::MemoryContext) -> Self {
        // SAFETY: both parts lie in the same context; the bytes have the length that is noted.
        unsafe {
            let info = pg_sys::MemoryContextAllocZero(context, size_of::<pg_sys::StringInfoData>());
            let info = info.cast::<pg_sys::StringInfoData>();
            (*info).data = pg_sys::MemoryContextAlloc(context, FIRST_BYTES).cast();
            (*info).maxlen = FIRST_BYTES as i32;
            Self(info)
        }
    }

    /// As the functions of an aggregate hand it to one another.
    pub fn datum(self) -> Datum {
        Datum::from(self.0)
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the first `len` bytes were written; they stay where they are while this is borrowed.
        unsafe { std::slice::from_raw_parts((*self.0).data.cast(), (*self.0).len as usize) }
    }

    pub fn append(&mut self, bytes: &[u8]) {
        // SAFETY: there is room for the bytes once it was asked for; growing stays in the context it was made in.
        unsafe {
            let room = (*self.0).maxlen - (*self.0).len;
            if bytes.len() >= room as usize {
                pg_sys::enlargeStringInfo(self.0, i32::try_from(bytes.len()).unwrap_or(i32::MAX));
            }
            let end = (*self.0).data.add((*self.0).len as usize);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), end.cast(), bytes.len());
            (*self.0).len += bytes.len() as i32;
        }
    }

    /// The bytes as a new `bytea`.
    pub fn to_bytea(self) -> Datum {
        values::bytes_datum(self.bytes())
    }
}
