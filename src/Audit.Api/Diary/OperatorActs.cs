using System.Buffers;
using System.Text.Json;

namespace Audit.Api.Diary;

/// <summary>Writes down what the node does itself and what is done to it.</summary>
internal sealed class OperatorActs(IAuditEngine engine, TimeProvider clock)
{
    /// <exception cref="JournalUnavailableException">It is not known whether the act was written.</exception>
    public async Task WriteAsync(string act, string actor, Action<Utf8JsonWriter> detail)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            detail(json);
            json.WriteEndObject();
        }

        var submission = new OperatorSubmission(act, actor, Timestamp.From(clock.GetUtcNow()), buffer.WrittenMemory);
        var receipt = (await engine.SubmitAsync([submission], CancellationToken.None))[0];
        if (receipt.Status != ReceiptStatus.Recorded)
        {
            throw new JournalUnavailableException(receipt.Error ?? $"The act {act} could not be written down.");
        }
    }
}
