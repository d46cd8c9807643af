//! Parquet files as their library reads them, and Zstandard for builds whose library has none: it
//! is C there, for which a browser's build wants a C compiler of its own.

use std::io::{BufReader, Read};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, Length, RowGroupReader};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use ruzstd::decoding::StreamingDecoder;

use super::data::DataFile;

/// A file as the library reads it.
pub(super) struct Chunks(pub(super) Arc<dyn DataFile>);

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.size()
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<Rest>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let file = Arc::clone(&self.0);
        Ok(BufReader::new(Rest { file, at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let mut bytes = Vec::with_capacity(length.min(self.0.size() as usize));
        let read = self.get_read(start)?.take(length as u64).read_to_end(&mut bytes)?;
        match read == length {
            true => Ok(bytes.into()),
            false => Err(ParquetError::EOF(format!("{read} of {length} bytes are there"))),
        }
    }
}

/// A file from a place on.
pub(crate) struct Rest {
    file: Arc<dyn DataFile>,
    at: u64,
}

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(self.at, buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Who unpacks Zstandard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unpacker {
    /// The Parquet library, with C.
    Library,
    /// [`Unpacking`].
    Rust,
}

impl Default for Unpacker {
    fn default() -> Self {
        match cfg!(target_arch = "wasm32") {
            true => Self::Rust,
            false => Self::Library,
        }
    }
}

/// A group of rows.
pub(super) struct Group<'a> {
    file: Arc<Chunks>,
    meta: &'a RowGroupMetaData,
    unpacker: Unpacker,
}

impl<'a> Group<'a> {
    pub(super) fn new(file: Arc<Chunks>, meta: &'a RowGroupMetaData, unpacker: Unpacker) -> Self {
        Self { file, meta, unpacker }
    }
}

impl RowGroupReader for Group<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.meta
    }

    fn num_columns(&self) -> usize {
        self.meta.num_columns()
    }

    fn get_column_page_reader(&self, at: usize) -> Result<Box<dyn PageReader>> {
        let column = self.meta.column(at);
        let rows = usize::try_from(self.meta.num_rows())?;
        let pages = |column| SerializedPageReader::new(Arc::clone(&self.file), column, rows, None);
        if self.unpacker == Unpacker::Library || !matches!(column.compression(), Compression::ZSTD(_)) {
            return Ok(Box::new(pages(column)?));
        }
        // As if nothing was packed, the library gives the pages as they are.
        let plain = column.clone().into_builder().set_compression(Compression::UNCOMPRESSED);
        Ok(Box::new(Unpacking {
            pages: pages(&plain.build()?)?,
            most: u64::try_from(column.uncompressed_size())?,
        }))
    }

    fn get_column_bloom_filter(&self, _: usize) -> Option<&Sbbf> {
        None
    }

    fn get_row_iter(&self, wanted: Option<Type>) -> Result<RowIter<'_>> {
        RowIter::from_row_group(wanted, self)
    }
}

/// Unpacks the pages of a column.
struct Unpacking {
    pages: SerializedPageReader<Chunks>,
    /// Bytes that the column has unpacked, as its metadata say: no page has more.
    most: u64,
}

impl Unpacking {
    fn page(&self, page: Page) -> Result<Page> {
        // Levels stand before what is packed in pages of the second version, and are not.
        let plain = match &page {
            Page::DataPage { .. } | Page::DictionaryPage { .. } => 0,
            Page::DataPageV2 {
                is_compressed: false, ..
            } => return Ok(page),
            Page::DataPageV2 {
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => *def_levels_byte_len as usize + *rep_levels_byte_len as usize,
        };
        let mut page = page;
        let (Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } | Page::DataPageV2 { buf, .. }) = &mut page;
        *buf = self.unpack(buf, plain)?;
        Ok(page)
    }

    /// Unpacks what stands behind the first `plain` bytes.
    fn unpack(&self, bytes: &Bytes, plain: usize) -> Result<Bytes> {
        let damaged = |what: &dyn std::fmt::Display| ParquetError::General(format!("a packed page is damaged: {what}"));
        let packed = bytes.get(plain..).ok_or_else(|| damaged(&"it is too short"))?;
        let mut unpacked = bytes[..plain].to_vec();
        // A page of nulls alone has nothing behind its levels.
        if !packed.is_empty() {
            let decoder = StreamingDecoder::new(packed).map_err(|error| damaged(&error))?;
            // One byte more than there may be says that there is more.
            decoder.take(self.most + 1).read_to_end(&mut unpacked)?;
        }
        match unpacked.len() as u64 > self.most {
            true => Err(damaged(&"it holds more than the file says")),
            false => Ok(unpacked.into()),
        }
    }
}

impl Iterator for Unpacking {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Unpacking {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        page.map(|page| self.page(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        let page = self.pages.take_deferred_dictionary()?;
        page.map(|page| self.page(page)).transpose()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}
