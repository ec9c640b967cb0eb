using Audit.Engine.Intake;

namespace Audit.Engine.Streams;

/// <summary>What people and the node itself say, without the secrets in it.</summary>
public static class RedactedActs
{
    public static Redacted Of(ReadOnlyMemory<byte> json, Redactor? redactor) =>
        redactor is null || json.IsEmpty ? new Redacted(json, null) : redactor.Json(json);

    /// <summary>The reasons and names of an act on a window.</summary>
    public static WindowMessage Of(WindowMessage message, Redactor? redactor)
    {
        if (redactor is null)
        {
            return message;
        }

        var delivery = message.Delivery;
        message = message with
        {
            Delivery = delivery with
            {
                Reason = Text(delivery.Reason, redactor),
                OnBehalfOf = Text(delivery.OnBehalfOf, redactor),
                MessageId = Text(delivery.MessageId, redactor),
            },
        };
        return message is WindowMessage.Asking asking
            ? asking with
            {
                Terms = asking.Terms with
                {
                    Reason = redactor.Text(asking.Terms.Reason),
                    Scope = [.. asking.Terms.Scope.Select(redactor.Text)],
                    Sources = [.. asking.Terms.Sources.Select(redactor.Text)],
                },
            }
            : message;
    }

    /// <returns>Null when no id of the act holds a secret, else the sentence that says so.</returns>
    public static string? Refuse(WindowSubmission act, Redactor? redactor)
    {
        var terms = (act.Message as WindowMessage.Asking)?.Terms;
        return SecretIds.Refuse(redactor, act.WindowId) ?? SecretIds.Refuse(redactor, terms?.TaskId)
            ?? SecretIds.Refuse(redactor, terms?.Agent) ?? SecretIds.Refuse(redactor, terms?.Alias)
            ?? SecretIds.Refuse(redactor, (act.Message as WindowMessage.Accept)?.Span.Session.Id);
    }

    private static string? Text(string? text, Redactor redactor) => text is null ? null : redactor.Text(text);
}
