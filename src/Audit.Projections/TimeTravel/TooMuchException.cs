namespace Audit.Projections.TimeTravel;

/// <summary>Telling the past would take more events than one answer may.</summary>
public sealed class TooMuchException(int most) : Exception(
    $"This past is made of more than {most} events, more than one answer may be folded from. Ask for its calls one by one.");
