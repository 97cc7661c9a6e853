//! Files of record batches.

use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch, RecordBatchOptions, make_array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
#[cfg(feature = "parquet")]
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::metadata::KeyValue,
    file::properties::WriterProperties,
};
use std::io::Write;
use std::sync::Arc;

/// Bytes of a row group that wait to be written.
#[cfg(feature = "parquet")]
const GROUP: usize = 48 << 20;

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// Parquet, with zstd.
    #[cfg(feature = "parquet")]
    Parquet,
    /// Arrow IPC: `.arrow`, `.feather`.
    #[cfg(feature = "ipc")]
    Arrow,
    /// The same as a stream: `.arrows`.
    #[cfg(feature = "ipc")]
    ArrowStream,
}

enum Body<W: Write + Send> {
    #[cfg(feature = "parquet")]
    Parquet(Box<ArrowWriter<W>>),
    #[cfg(feature = "ipc")]
    Arrow(Box<arrow_ipc::writer::FileWriter<W>>),
    #[cfg(feature = "ipc")]
    Stream(Box<arrow_ipc::writer::StreamWriter<W>>),
}

/// Writes record batches to a file.
pub struct FileWriter<W: Write + Send> {
    body: Body<W>,
    schema: SchemaRef,
}

impl<W: Write + Send> FileWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// It cannot be written, or the format has no such columns.
    pub fn new(out: W, format: FileFormat, schema: SchemaRef) -> Result<Self, ArrowError> {
        match format {
            #[cfg(feature = "parquet")]
            FileFormat::Parquet => {
                let schema = parquet_schema(&schema);
                let body = ArrowWriter::try_new(out, schema.clone(), Some(properties(&schema)?))?;
                Ok(FileWriter { body: Body::Parquet(Box::new(body)), schema })
            }
            #[cfg(feature = "ipc")]
            FileFormat::Arrow => {
                let options = arrow_ipc::writer::IpcWriteOptions::default();
                let body = arrow_ipc::writer::FileWriter::try_new_with_options(out, &schema, options)?;
                Ok(FileWriter { body: Body::Arrow(Box::new(body)), schema })
            }
            #[cfg(feature = "ipc")]
            FileFormat::ArrowStream => {
                let body = arrow_ipc::writer::StreamWriter::try_new(out, &schema)?;
                Ok(FileWriter { body: Body::Stream(Box::new(body)), schema })
            }
        }
    }

    /// Writes a batch.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match &mut self.body {
            #[cfg(feature = "parquet")]
            Body::Parquet(writer) => {
                let columns = batch.columns().iter().zip(self.schema.fields());
                let columns = columns.map(|(column, field)| stored(column, field)).collect::<Result<_, _>>()?;
                let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                writer.write(&RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)?;
                if writer.in_progress_size() >= GROUP {
                    writer.flush()?;
                }
                Ok(())
            }
            #[cfg(feature = "ipc")]
            Body::Arrow(writer) => writer.write(batch),
            #[cfg(feature = "ipc")]
            Body::Stream(writer) => writer.write(batch),
        }
    }

    /// Nothing follows.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> Result<W, ArrowError> {
        match self.body {
            #[cfg(feature = "parquet")]
            Body::Parquet(writer) => Ok(writer.into_inner()?),
            #[cfg(feature = "ipc")]
            Body::Arrow(writer) => writer.into_inner(),
            #[cfg(feature = "ipc")]
            Body::Stream(writer) => writer.into_inner(),
        }
    }
}

#[cfg(feature = "parquet")]
fn properties(schema: &Schema) -> Result<WriterProperties, ArrowError> {
    let mut properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?));
    // pyarrow looks for pandas' metadata here.
    let metadata: Vec<KeyValue> =
        schema.metadata().iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    if !metadata.is_empty() {
        properties = properties.set_key_value_metadata(Some(metadata));
    }
    for field in schema.fields() {
        // Few floats come twice, and it takes long to find out.
        if field.data_type().is_floating() {
            let path = parquet::schema::types::ColumnPath::new(vec![field.name().clone()]);
            properties = properties.set_column_dictionary_enabled(path, false);
        }
    }
    Ok(properties.build())
}

/// The type that Parquet has for another: no seconds, and no categories but of plain values.
#[cfg(feature = "parquet")]
fn parquet_schema(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        // Categories come back in the order in which they appear.
        let field: &Field = &match field.data_type() {
            DataType::Dictionary(..) => field.as_ref().clone().with_dict_is_ordered(false),
            _ => field.as_ref().clone(),
        };
        match field.data_type() {
            DataType::Timestamp(TimeUnit::Second, zone) => {
                field.clone().with_data_type(DataType::Timestamp(TimeUnit::Millisecond, zone.clone()))
            }
            DataType::Dictionary(_, values) if matches!(**values, DataType::Struct(_)) => {
                field.clone().with_data_type((**values).clone())
            }
            DataType::Dictionary(keys, values) => match &**values {
                DataType::Timestamp(TimeUnit::Second, zone) => {
                    let values = DataType::Timestamp(TimeUnit::Millisecond, zone.clone());
                    field.clone().with_data_type(DataType::Dictionary(keys.clone(), Box::new(values)))
                }
                _ => field.clone(),
            },
            _ => field.clone(),
        }
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}

/// A column as Parquet stores it.
#[cfg(feature = "parquet")]
fn stored(column: &ArrayRef, field: &Field) -> Result<ArrayRef, ArrowError> {
    let is = column.data_type();
    let wanted = field.data_type();
    if is == wanted {
        return Ok(column.clone());
    }
    match (is, wanted) {
        (DataType::Timestamp(TimeUnit::Second, _), DataType::Timestamp(unit, zone)) => {
            let data = column.to_data().into_builder().data_type(DataType::Int64).build()?;
            let seconds = PrimitiveArray::<Int64Type>::from(data);
            let range = || ArrowError::ComputeError(format!("a time of {} is too large for Parquet", field.name()));
            let millis = seconds.try_unary::<_, Int64Type, _>(|seconds| seconds.checked_mul(1000).ok_or_else(range))?;
            Ok(crate::build::timestamps(millis, *unit, zone.clone()))
        }
        (DataType::Dictionary(..), DataType::Dictionary(_, values)) => {
            let data = column.to_data();
            let child = data.child_data().first().cloned().map(make_array);
            let child = child.ok_or_else(|| ArrowError::SchemaError("categories are missing".into()))?;
            let child = stored(&child, &Field::new(field.name(), (**values).clone(), true))?;
            let data = data.into_builder().data_type(wanted.clone()).child_data(vec![child.to_data()]).build()?;
            Ok(make_array(data))
        }
        (DataType::Dictionary(..), _) => {
            let any = arrow_array::cast::AsArray::as_any_dictionary_opt(column);
            let any = any.ok_or_else(|| ArrowError::SchemaError("it has no categories".into()))?;
            arrow_select::take::take(any.values(), any.keys(), None)
        }
        _ => Err(ArrowError::SchemaError(format!("{is} is not {wanted}"))),
    }
}
