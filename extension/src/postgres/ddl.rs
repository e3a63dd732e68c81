//! A command that changes tables, as an event trigger sees it before it runs.

use pgrx::pg_sys::{self, Oid};

use super::call::Call;

/// The command in progress.
pub struct Command {
    tree: *mut pg_sys::Node,
}

impl Command {
    /// The command of an event trigger's call; `None` for any other call.
    pub fn of(call: &Call) -> Option<Self> {
        // SAFETY: a call by an event trigger has the data as its context.
        let tree = unsafe { (*call.event_trigger()?).parsetree };
        Some(Self { tree })
    }

    /// Partitions that it drops or detaches, and whether it does so concurrently. Those of other users are left out: the
    /// command itself will refuse.
    pub fn removed_partitions(&self) -> Vec<(Oid, bool)> {
        // SAFETY: a parse tree begins with the tag of what it is, and is of the type that the tag names.
        let removed = unsafe {
            match (*self.tree).type_ {
                pg_sys::NodeTag::T_DropStmt => dropped(&*self.tree.cast()),
                pg_sys::NodeTag::T_AlterTableStmt => detached(&*self.tree.cast()),
                _ => Vec::new(),
            }
        };
        removed.into_iter().filter(|(relation, _)| is_own_partition(*relation)).collect()
    }
}

/// # Safety
/// The statement must be whole.
unsafe fn dropped(statement: &pg_sys::DropStmt) -> Vec<(Oid, bool)> {
    if statement.removeType != pg_sys::ObjectType::OBJECT_TABLE {
        return Vec::new();
    }
    // SAFETY: the objects of DROP TABLE are lists of names.
    let relations = unsafe { elements(statement.objects) }
        .map(|names| unsafe { relation(pg_sys::makeRangeVarFromNameList(names.cast())) });
    relations.map(|relation| (relation, false)).collect()
}

/// # Safety
/// The statement must be whole.
unsafe fn detached(statement: &pg_sys::AlterTableStmt) -> Vec<(Oid, bool)> {
    // SAFETY: the commands of ALTER TABLE are AlterTableCmd, and the definition of this one is a PartitionCmd.
    unsafe { elements(statement.cmds) }
        .filter_map(|command| unsafe {
            let command = command.cast::<pg_sys::AlterTableCmd>();
            if (*command).subtype != pg_sys::AlterTableType::AT_DetachPartition {
                return None;
            }
            let detach = (*command).def.cast::<pg_sys::PartitionCmd>();
            Some((relation((*detach).name), (*detach).concurrent))
        })
        .collect()
}

/// # Safety
/// The list must hold pointers.
unsafe fn elements(list: *mut pg_sys::List) -> impl Iterator<Item = *mut std::ffi::c_void> {
    // SAFETY: passed on to the caller; an empty list is null.
    let count = if list.is_null() { 0 } else { unsafe { (*list).length as usize } };
    (0..count).map(move |index| unsafe { (*(*list).elements.add(index)).ptr_value })
}

/// The relation of a name as it is written, without a lock; [`Oid::INVALID`] when there is none.
///
/// # Safety
/// The name must be whole.
unsafe fn relation(name: *mut pg_sys::RangeVar) -> Oid {
    // SAFETY: passed on to the caller; what is missing is answered, and not an error.
    unsafe {
        pg_sys::RangeVarGetRelidExtended(
            name,
            pg_sys::NoLock as i32,
            pg_sys::RVROption::RVR_MISSING_OK,
            None,
            std::ptr::null_mut(),
        )
    }
}

fn is_own_partition(relation: Oid) -> bool {
    // SAFETY: look-ups by number that answer no for what is not there.
    unsafe {
        relation != Oid::INVALID
            && pg_sys::get_rel_relispartition(relation)
            && owns(relation, pg_sys::GetUserId())
    }
}

/// # Safety
/// The relation must exist.
unsafe fn owns(relation: Oid, user: Oid) -> bool {
    // SAFETY: passed on to the caller.
    #[cfg(feature = "pg15")]
    unsafe {
        pg_sys::pg_class_ownercheck(relation, user)
    }
    // SAFETY: as above.
    #[cfg(not(feature = "pg15"))]
    unsafe {
        pg_sys::object_ownercheck(pg_sys::RelationRelationId, relation, user)
    }
}
