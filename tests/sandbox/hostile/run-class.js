// throws: 
// A run that is a class.
class run {}
