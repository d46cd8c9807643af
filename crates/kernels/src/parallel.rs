//! Data-parallel loops: threads natively, a plain loop in wasm.

/// Calls `body(index, chunk)` for every chunk of `chunk_len` values of `out`.
pub(crate) fn for_each_chunk<T: Send>(out: &mut [T], chunk_len: usize, body: impl Fn(usize, &mut [T]) + Sync + Send) {
    #[cfg(not(target_arch = "wasm32"))]
    {
        use rayon::prelude::*;
        out.par_chunks_mut(chunk_len)
            .enumerate()
            .for_each(|(index, chunk)| body(index, chunk));
    }
    #[cfg(target_arch = "wasm32")]
    out.chunks_mut(chunk_len)
        .enumerate()
        .for_each(|(index, chunk)| body(index, chunk));
}
