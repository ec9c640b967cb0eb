namespace Audit.Journal.Events;

/// <summary>Reads the events of task windows, which are few: plainness before speed.</summary>
internal static class WindowEventReader
{
    public static WindowEvent Read(string name, in EventView view)
    {
        var kind = EventNames.WindowKind(name);
        var closesAt = view.Time(EventField.ClosesAt);
        var message = new WindowMessage
        {
            Verb = Enum.Parse<WindowVerb>(view.Required(EventField.Verb), ignoreCase: true),
            Actor = view.Required(EventField.Host),
            OnBehalfOf = view.Text(EventField.OnBehalfOf),
            ReceivedAt = view.RequiredTime(EventField.ReceivedAt),
            Dedup = view.Hash(EventField.Dedup),
            MessageId = view.Text(EventField.MessageId),
            Terms = view.IsObject(EventField.Terms) ? ReadTerms(view) : null,
            ClosesAt = kind is WindowEventKind.Extended or WindowEventKind.Violated ? closesAt : null,
            Reason = view.Text(EventField.Reason),
        };
        return new WindowEvent(kind, message, State(view, EventField.From), State(view, EventField.To))
        {
            OpensAt = view.Time(EventField.OpensAt),
            ClosesAt = kind is WindowEventKind.Approved or WindowEventKind.Extended ? closesAt : null,
            SelfGranted = view.Flag(EventField.SelfGranted) == true,
            Violation = view.Text(EventField.Violation),
        };
    }

    private static WindowTerms ReadTerms(in EventView view) =>
        new(
            view.Required(EventField.TermsTask),
            view.Required(EventField.TermsAgent),
            [.. view.Texts(EventField.Scope)],
            view.Required(EventField.TermsReason))
        {
            OpensAt = view.Time(EventField.TermsOpensAt),
            ClosesAt = view.Time(EventField.TermsClosesAt),
            Duration = view.Fraction(EventField.DurationSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        };

    private static WindowState State(in EventView view, EventField field) =>
        Enum.Parse<WindowState>(view.Required(field), ignoreCase: true);
}
