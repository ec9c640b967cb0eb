namespace Audit.Client;

/// <summary>An answer as the node wrote it, and the record that it is, which is read when it is asked for.</summary>
public sealed class Answer<T>(JsonElement document, Func<JsonElement, T> read)
{
    private readonly Lazy<T> value = new(() => read(document));

    public JsonElement Document => document;

    /// <exception cref="NodeException">The document is no such record.</exception>
    public T Value => value.Value;
}
