namespace Audit.Projections.Language;

/// <summary>What a `key:value` of a query speaks of.</summary>
public enum SearchKey : byte
{
    Tool,
    Session,
    Task,
    Agent,
    Host,
    State,
    Outcome,
    Window,
    By,
    Provider,
    Model,
    Is,
    After,
    Before,
    During,
    Input,
}
