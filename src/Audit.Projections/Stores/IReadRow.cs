using System.Text.Json.Serialization.Metadata;

namespace Audit.Projections.Stores;

/// <summary>A row of an answer, valid until the next one.</summary>
internal interface IReadRow
{
    bool IsNull(int column);

    long Number(int column);

    string Text(int column);

    T Document<T>(int column, JsonTypeInfo<T> json);
}
