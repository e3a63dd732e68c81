//! Counting index entries without looking at rows.

use pgrx::pg_sys::{self, Datum, Oid};

// Not among pgrx's declarations.
unsafe extern "C-unwind" {
    fn find_all_inheritors(table: Oid, lock_mode: i32, parents: *mut *mut pg_sys::List) -> *mut pg_sys::List;
}

/// Indexes that begin with a column of integers, one for each partition of a table.
pub struct KeyIndexes {
    opened: Vec<Opened>,
    column_type: Oid,
}

struct Opened {
    relation: pg_sys::Relation,
    index: pg_sys::Relation,
    scan: pg_sys::IndexScanDesc,
    snapshot: pg_sys::Snapshot,
}

impl KeyIndexes {
    /// Opens them; `None` where a partition has none.
    pub fn open(table: Oid, column: i16, column_type: Oid) -> Option<Self> {
        let mut indexes = Self { opened: Vec::new(), column_type };
        // SAFETY: the table is that of a trigger call or of a bound source; locks are held until the transaction ends.
        let partitions = unsafe {
            oids(pg_sys::ffi::pg_guard_ffi_boundary(|| {
                find_all_inheritors(table, pg_sys::AccessShareLock as i32, std::ptr::null_mut())
            }))
        };
        for partition in partitions {
            // SAFETY: the relation is locked; a partition has its parent's columns, though not always in their places.
            let (kind, column) = unsafe {
                let name = pg_sys::get_attname(table, column, false);
                (pg_sys::get_rel_relkind(partition) as u8, pg_sys::get_attnum(partition, name))
            };
            if kind == pg_sys::RELKIND_PARTITIONED_TABLE {
                continue;
            }
            let Some(opened) = Opened::of(partition, column) else {
                indexes.close();
                return None;
            };
            indexes.opened.push(opened);
        }
        Some(indexes)
    }

    /// How many entries an account has, counted up to one more than `at_most`. Never fewer than it has rows: what is left of rolled
    /// back and removed rows counts, too.
    pub fn count(&mut self, key: i64, at_most: u64) -> u64 {
        let Some((operator, key)) = comparison(self.column_type, key) else {
            return 0;
        };
        let mut entries = 0;
        for opened in &mut self.opened {
            // SAFETY: the key fits the index's first column; the scan belongs to the index.
            unsafe {
                let mut scan_key: pg_sys::ScanKeyData = std::mem::zeroed();
                pg_sys::ScanKeyInit(
                    &raw mut scan_key,
                    1,
                    pg_sys::BTEqualStrategyNumber as u16,
                    operator.into(),
                    key,
                );
                pg_sys::index_rescan(opened.scan, &raw mut scan_key, 1, std::ptr::null_mut(), 0);
                let forward = pg_sys::ScanDirection::ForwardScanDirection;
                while entries <= at_most && !pg_sys::index_getnext_tid(opened.scan, forward).is_null() {
                    entries += 1;
                }
            }
        }
        entries
    }

    /// Closes the indexes; locks stay until the transaction ends.
    pub fn close(self) {
        for opened in self.opened {
            // SAFETY: everything was opened by us and is closed once.
            unsafe {
                pg_sys::index_endscan(opened.scan);
                pg_sys::UnregisterSnapshot(opened.snapshot);
                pg_sys::index_close(opened.index, pg_sys::NoLock as i32);
                pg_sys::table_close(opened.relation, pg_sys::NoLock as i32);
            }
        }
    }
}

impl Opened {
    fn of(table: Oid, column: i16) -> Option<Self> {
        // SAFETY: the table is locked; whatever is opened is closed again unless it goes into the result.
        unsafe {
            let relation = pg_sys::table_open(table, pg_sys::NoLock as i32);
            for index in oids(pg_sys::RelationGetIndexList(relation)) {
                let index = pg_sys::index_open(index, pg_sys::AccessShareLock as i32);
                let form = (*index).rd_index;
                let is_fit = (*form).indisvalid
                    && *(*form).indkey.values.as_ptr() == column
                    && (*(*index).rd_rel).relam == pg_sys::BTREE_AM_OID
                    && pg_sys::RelationGetIndexPredicate(index).is_null();
                if is_fit {
                    let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
                    let scan = pg_sys::index_beginscan(relation, index, snapshot, 1, 0);
                    return Some(Self { relation, index, scan, snapshot });
                }
                pg_sys::index_close(index, pg_sys::NoLock as i32);
            }
            pg_sys::table_close(relation, pg_sys::NoLock as i32);
            None
        }
    }
}

/// # Safety
/// `list` must be a list of object numbers; it is freed.
unsafe fn oids(list: *mut pg_sys::List) -> Vec<Oid> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller vouches for the list.
    unsafe {
        let oids =
            (0..(*list).length as usize).map(|index| (*(*list).elements.add(index)).oid_value).collect();
        pg_sys::list_free(list);
        oids
    }
}

/// The function that tells whether two values of a column are equal, and a number as such a value; `None` where the column cannot
/// hold it.
fn comparison(column_type: Oid, key: i64) -> Option<(u32, Datum)> {
    match column_type {
        pg_sys::INT2OID => i16::try_from(key).ok().map(|key| (pg_sys::F_INT2EQ, Datum::from(key))),
        pg_sys::INT4OID => i32::try_from(key).ok().map(|key| (pg_sys::F_INT4EQ, Datum::from(key))),
        _ => Some((pg_sys::F_INT8EQ, Datum::from(key))),
    }
}
